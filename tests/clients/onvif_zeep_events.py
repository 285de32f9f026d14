"""onvif-zeep: pulls until it has so many passages. Arguments: host, port, user, password, number of passages.

It says "ready" when it has subscribed; last it prints the passages with what else it was answered, as JSON.
"""

import json
import sys

from onvif import ONVIFCamera

host, port, user, password, number = sys.argv[1:]
camera = ONVIFCamera(host, int(port), user, password)
topics = camera.create_events_service().GetEventProperties().TopicSet._value_1
pullpoint = camera.create_pullpoint_service()
print("ready", flush=True)
passages, states = [], []
while len(passages) < int(number):
    answer = pullpoint.PullMessages({"Timeout": "PT20S", "MessageLimit": 5})
    for each in answer.NotificationMessage:
        message = each.Message._value_1
        items = {item.get("Name"): item.get("Value") for item in message.iter("{*}SimpleItem")}
        if "LicensePlateResult" in items:
            passages.append([items["EventId"], items["PlateNumber"], message.get("UtcTime")])
        elif message.get("PropertyOperation") == "Initialized":
            states.append(items.get("InputToken") or items["RelayToken"])
pullpoint.SetSynchronizationPoint()
again = len(pullpoint.PullMessages({"Timeout": "PT5S", "MessageLimit": 100}).NotificationMessage)
print(json.dumps({"topics": len(topics), "passages": passages, "states": states, "again": again}))
