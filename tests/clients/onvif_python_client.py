"""onvif-python: as onvif_zeep_client.py does, with Media 2 as clients of Profile T ask."""

import json
import sys

from onvif import ONVIFClient

host, port, user, password, output = sys.argv[1:]
client = ONVIFClient(host, int(port), user, password)
device, media, media2, io = client.devicemgmt(), client.media(), client.media2(), client.deviceio()
profiles = media2.GetProfiles(Type=["All"])
told = {
    "manufacturer": device.GetDeviceInformation().Manufacturer,
    "media": device.GetCapabilities(Category="Media").Media.XAddr,
    "services": [each.Namespace for each in device.GetServices(IncludeCapability=False)],
    "profiles": [each.token for each in profiles],
    "stream": str(media2.GetStreamUri(Protocol="RtspUnicast", ProfileToken=profiles[0].token)),
    "snapshot": str(media2.GetSnapshotUri(ProfileToken=profiles[0].token)),
    "encoding": profiles[0].Configurations.VideoEncoder.Encoding,
    "inputs": [each.token for each in io.GetDigitalInputs()],
    "outputs": [each.token for each in device.GetRelayOutputs()],
    "host": device.GetHostname().Name,
    "first": [each.token for each in media.GetProfiles()],
}
device.SetRelayOutputState(RelayOutputToken=output, LogicalState="active")
properties = {"Mode": "Monostable", "DelayTime": "PT0.7S", "IdleState": "open"}
device.SetRelayOutputSettings(RelayOutputToken="DO2", Properties=properties)
print(json.dumps(told))
