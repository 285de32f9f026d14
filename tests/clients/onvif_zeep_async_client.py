"""onvif-zeep-async, which Home Assistant uses: as onvif_zeep_client.py does."""

import asyncio
import json
import sys

from onvif import ONVIFCamera


async def ask(host: str, port: str, user: str, password: str, output: str) -> None:
    camera = ONVIFCamera(host, int(port), user, password)
    await camera.update_xaddrs()
    device, media = await camera.create_devicemgmt_service(), await camera.create_media_service()
    io = await camera.create_deviceio_service()
    profiles = await media.GetProfiles()
    interfaces = await device.GetNetworkInterfaces()
    told = {
        "manufacturer": (await device.GetDeviceInformation()).Manufacturer,
        "media": (await device.GetCapabilities({"Category": "Media"})).Media.XAddr,
        "services": [each.Namespace for each in await device.GetServices({"IncludeCapability": False})],
        "profiles": [each.token for each in profiles],
        "stream": await stream(media, profiles[0].token),
        "snapshot": await camera.get_snapshot_uri(profiles[0].token),
        "encoding": profiles[0].VideoEncoderConfiguration.Encoding,
        "inputs": [each.token for each in await io.GetDigitalInputs()],
        "outputs": [each.token for each in await device.GetRelayOutputs()],
        "host": (await device.GetHostname()).Name,
        "macs": [each.Info.HwAddress for each in interfaces],
    }
    await device.SetRelayOutputState({"RelayOutputToken": output, "LogicalState": "active"})
    picture = await camera.get_snapshot(profiles[0].token, False)
    told["picture"] = picture.decode() if picture is not None else ""
    await camera.close()
    print(json.dumps(told))


async def stream(media: object, token: str) -> str:
    request = media.create_type("GetStreamUri")
    request.ProfileToken = token
    request.StreamSetup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    return (await media.GetStreamUri(request)).Uri


asyncio.run(ask(*sys.argv[1:]))
