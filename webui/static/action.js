// Action: the options of one kind, the weekly schedule and the TEST button of an action.
import {$, ApiError, changed, connectForm, followWhen, leave, notice, onClick, order, sayNext, showProblems, values} from "./portal.js";
import {openWeek} from "./week.js";
import {_} from "./words.js";

const TEST_WITHIN_MS = 100_000; // no action waits for longer than a minute

const form = $("#action");
const {rule, list, kind} = form.dataset;
const week = openWeek($("[data-grid]"));
const inside = (place) => values({elements: [...form.elements].filter((input) => $(place).contains(input))});
const options = () => inside("#options");
followWhen(form);

const [name, enabled, shownWeek] = [$("#f-action-name"), $("#f-enabled"), JSON.stringify(week.read())];
const whole = () => ({kind, name: name.value, enabled: enabled.checked, week: week.read(), ...inside("#start"), options: options()});
const differing = () => ({
  ...(name.value !== name.defaultValue && {name: name.value}),
  ...(enabled.checked !== enabled.defaultChecked && {enabled: enabled.checked}),
  ...(JSON.stringify(week.read()) !== shownWeek && {week: week.read()}),
  ...changed(form, "#start"),
  options: changed(form, "#options"),
});

connectForm(form, {
  method: rule === "0" ? "POST" : "PUT",
  path: rule === "0" ? `lists/${list}/rules` : `rules/${rule}`,
  body: rule === "0" ? whole : differing,
  then: (answer) => {
    sayNext(answer.in_force ? _("Action saved.") : _("Action saved; the service does not answer yet: {why}", { why: answer.note }));
    leave(`/anpr/lists/${list}?view=actions`);
  },
});

onClick($("#test"), async () => {
  const place = $("#outcome");
  notice("", _("Testing…"), [], place);
  try {
    const outcome = await order("rules/test", {kind, options: options(), list_id: Number(list), rule_id: Number(rule), plate: $("#test-plate").value, start: $("#f-start").value}, TEST_WITHIN_MS);
    notice(outcome.ok ? "ok" : "bad", outcome.ok ? _("Done: {result}", { result: outcome.note }) : outcome.note, [], place);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showProblems(form, error, place);
  }
});
