// npm onvif: as onvif_zeep_events.py does, by its "event" loop, which renews by itself.
const { Cam } = require("onvif");

const [host, port, user, password, number] = process.argv.slice(2);
const passages = [];
const states = [];
const fail = (wrong) => {
  console.error(wrong);
  process.exit(1);
};
const camera = new Cam({ hostname: host, port: Number(port), username: user, password, timeout: 30000 }, (why) => {
  if (why) fail(why);
  camera.on("eventsError", fail);
  camera.on("event", (message) => {
    const said = message.message.message;
    const simple = [].concat(said.data.simpleItem, said.source.simpleItem);
    const items = Object.fromEntries(simple.map((each) => [each.$.Name, each.$.Value]));
    if (message.topic._.endsWith("LicensePlateDetector/LicensePlate")) {
      passages.push([items.EventId, String(items.PlateNumber), said.$.UtcTime]);
    } else if (said.$.PropertyOperation === "Initialized") {
      if (!states.length) console.log("ready");
      states.push(items.InputToken || items.RelayToken);
    }
    if (passages.length === Number(number)) {
      camera.unsubscribe((wrong) => {
        if (wrong) fail(wrong);
        console.log(JSON.stringify({ passages, states }));
        process.exit(0);
      });
    }
  });
});
