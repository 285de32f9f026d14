"""onvif-zeep-async, which Home Assistant uses: as onvif_zeep_events.py does, by managers: one pulls and renews, the other gets
Notify messages at a port of its own."""

import asyncio
import datetime
import json
import sys

from onvif import ONVIFCamera

TERM = datetime.timedelta(seconds=60)


async def ask(host: str, port: str, user: str, password: str, number: int) -> None:
    camera = ONVIFCamera(host, int(port), user, password)
    await camera.update_xaddrs()
    notified: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
        notified.extend(plates(notifications.process(body)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhook"
    pulls = await camera.create_pullpoint_manager(TERM, lambda: None)
    notifications = await camera.create_notification_manager(address, TERM, lambda: None)
    service = pulls.get_service()
    await pulls.set_synchronization_point()
    print("ready", flush=True)
    pulled: list[str] = []
    while len(pulled) < number or len(notified) < number:
        pulled += plates(await service.PullMessages({"MessageLimit": 5, "Timeout": "PT1S"}))
    renewed = await pulls._subscription.Renew(camera.get_next_termination_time(TERM))
    lasts_s = (renewed.TerminationTime - renewed.CurrentTime).total_seconds()
    await pulls.stop()
    await notifications.stop()
    await camera.close()
    print(json.dumps({"passages": pulled, "notified": notified, "lasts_s": lasts_s}))


def plates(answer: object) -> list[list[str]]:
    found = []
    for each in answer.NotificationMessage:
        message = each.Message._value_1
        items = {item.Name: item.Value for item in message.Data.SimpleItem}
        if each.Topic._value_1.endswith("LicensePlateDetector/LicensePlate"):
            found.append([items["EventId"], items["PlateNumber"], message.UtcTime.isoformat()])
    return found


asyncio.run(ask(*sys.argv[1:5], int(sys.argv[5])))
