"""onvif-zeep: asks a camera and pulses an output; prints what it got. Arguments: host, port, user, password, output."""

import json
import sys

from onvif import ONVIFCamera

host, port, user, password, output = sys.argv[1:]
camera = ONVIFCamera(host, int(port), user, password)
device = camera.devicemgmt
services = {each.Namespace: each.XAddr for each in device.GetServices({"IncludeCapability": False})}
camera.xaddrs |= services  # of itself it knows those of GetCapabilities alone, without what stands in an Extension there
media, io = camera.create_media_service(), camera.create_deviceio_service()
profiles = media.GetProfiles()
setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
told = {
    "manufacturer": device.GetDeviceInformation().Manufacturer,
    "media": device.GetCapabilities({"Category": "Media"}).Media.XAddr,
    "services": list(services),
    "profiles": [each.token for each in profiles],
    "stream": media.GetStreamUri({"StreamSetup": setup, "ProfileToken": profiles[0].token}).Uri,
    "snapshot": media.GetSnapshotUri({"ProfileToken": profiles[0].token}).Uri,
    "encoding": profiles[0].VideoEncoderConfiguration.Encoding,
    "inputs": [each.token for each in io.GetDigitalInputs()],
    "outputs": [each.token for each in device.GetRelayOutputs()],
    "host": device.GetHostname().Name,
}
device.SetRelayOutputState({"RelayOutputToken": output, "LogicalState": "active"})
print(json.dumps(told))
