// node-onvif: asks a camera; it knows no outputs.
const { OnvifDevice } = require("node-onvif");

const [host, port, user, pass] = process.argv.slice(2);
const device = new OnvifDevice({ xaddr: `http://${host}:${port}/onvif/device_service`, user, pass });
device
  .init()
  .then((information) => {
    const profiles = device.getProfileList();
    console.log(
      JSON.stringify({
        manufacturer: information.Manufacturer,
        profiles: profiles.map((each) => each.token),
        stream: device.getUdpStreamUrl(),
        snapshot: profiles[0].snapshot,
        encoding: profiles[0].video.encoder.encoding,
      }),
    );
    process.exit(0);
  })
  .catch((wrong) => {
    console.error(wrong);
    process.exit(1);
  });
