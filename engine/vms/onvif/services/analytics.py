"""Analytics: the rules whose events are sent (ONVIF Analytics Service Specification). They are fixed: the camera's settings say
how plates are read."""

from __future__ import annotations

from engine.vms.onvif.camera import Camera
from engine.vms.onvif.operations import READ, Call, Operation, Service
from engine.vms.onvif.services._video import ANALYTICS, no_configuration, rules
from engine.vms.onvif.xml import Xml, join, tag


def _answer(name: str, content: Xml) -> Operation:
    def answer(camera: Camera, call: Call) -> Xml:
        if call.body.word("ConfigurationToken") != ANALYTICS:
            raise no_configuration()
        return tag(f"tan:{name}Response", content)

    return Operation(name, READ, answer)


def _legacy(camera: Camera) -> Xml:
    return join(tag("tt:RuleSupport", True), tag("tt:AnalyticsModuleSupport", False))


SERVICE = Service(
    prefix="tan",
    path="/onvif/analytics_service",
    version=(2, 60),
    operations=(
        _answer("GetRules", rules("tan:Rule")),
        _answer("GetSupportedRules", tag("tan:SupportedRules")),
        _answer("GetRuleOptions", join()),
        _answer("GetAnalyticsModules", join()),
        _answer("GetSupportedAnalyticsModules", tag("tan:SupportedAnalyticsModules")),
    ),
    capabilities=lambda camera: tag("tan:Capabilities", RuleSupport=True, AnalyticsModuleSupport=False),
    category="Analytics",
    legacy=_legacy,
)
