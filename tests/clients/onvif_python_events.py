"""onvif-python: as onvif_zeep_events.py does; it renews, and unsubscribes, after which it gets nothing."""

import json
import sys

from onvif import ONVIFClient
from onvif.utils import ONVIFOperationException

host, port, user, password, number = sys.argv[1:]
client = ONVIFClient(host, int(port), user, password)
made = client.events().CreatePullPointSubscription(InitialTerminationTime="PT60S")
pullpoint, subscription = client.pullpoint(made), client.subscription(made)
print("ready", flush=True)
passages = []
while len(passages) < int(number):
    for each in pullpoint.PullMessages(Timeout="PT20S", MessageLimit=5).NotificationMessage or []:
        message = each.Message._value_1[0]
        items = {item.get("Name"): item.get("Value") for item in message.iter("{*}SimpleItem")}
        if "LicensePlateResult" in items:
            passages.append([items["EventId"], items["PlateNumber"], message.get("UtcTime")])
renewed = subscription.Renew(TerminationTime="PT120S")
lasts_s = (renewed.TerminationTime - renewed.CurrentTime).total_seconds()
subscription.Unsubscribe()
try:
    pullpoint.PullMessages(Timeout="PT1S", MessageLimit=1)
    after = "messages"
except ONVIFOperationException as why:
    after = str(why)
print(json.dumps({"passages": passages, "lasts_s": lasts_s, "after": after}))
