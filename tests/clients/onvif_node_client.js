// npm onvif: as onvif_zeep_client.py does.
const { Cam } = require("onvif");

const [host, port, user, password, output] = process.argv.slice(2);
const ask = (cam, name, ...words) =>
  new Promise((done, failed) => cam[name](...words, (why, answer) => (why ? failed(why) : done(answer))));

const camera = new Cam({ hostname: host, port: Number(port), username: user, password, timeout: 10000 }, async (why) => {
  try {
    if (why) throw why;
    const information = await ask(camera, "getDeviceInformation");
    const told = {
      manufacturer: information.manufacturer,
      media: camera.uri.media.href,
      services: (await ask(camera, "getServices", false)).map((each) => each.namespace),
      profiles: camera.profiles.map((each) => each.$.token),
      stream: (await ask(camera, "getStreamUri", { protocol: "RTSP" })).uri,
      snapshot: (await ask(camera, "getSnapshotUri", {})).uri,
      encoding: camera.profiles[0].videoEncoderConfiguration.encoding,
      outputs: (await ask(camera, "getRelayOutputs")).map((each) => each.$.token),
      host: (await ask(camera, "getHostname")).name,
    };
    await ask(camera, "setRelayOutputState", { RelayOutputToken: output, LogicalState: "active" });
    console.log(JSON.stringify(told));
    process.exit(0);
  } catch (wrong) {
    console.error(wrong);
    process.exit(1);
  }
});
