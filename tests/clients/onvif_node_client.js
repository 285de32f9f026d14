// npm onvif: as onvif_zeep_client.py does.
const { Cam } = require("onvif");

const [host, port, user, password, output] = process.argv.slice(2);
const ask = (cam, name, ...words) =>
  new Promise((done, failed) => cam[name](...words, (why, answer) => (why ? failed(why) : done(answer))));

// What it has no function for, it sends all the same.
const device = (cam, name, words) => {
  const space = "http://www.onvif.org/ver10/device/wsdl";
  const body = `${cam._envelopeHeader()}<${name} xmlns="${space}">${words}</${name}>${cam._envelopeFooter()}`;
  return new Promise((done, failed) => cam._request({ body }, (why, data, xml) => (why ? failed(why) : done(xml))));
};

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
      outputs: (await device(camera, "GetRelayOutputs", "")).match(/token="DO[0-9]+"/g).map((each) => each.slice(7, -1)),
      host: (await ask(camera, "getHostname")).name,
    };
    const state = `<RelayOutputToken>${output}</RelayOutputToken><LogicalState>active</LogicalState>`;
    await device(camera, "SetRelayOutputState", state);
    console.log(JSON.stringify(told));
    process.exit(0);
  } catch (wrong) {
    console.error(wrong);
    process.exit(1);
  }
});
