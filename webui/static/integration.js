// Integration tab: servers and who uses them, device passwords, texts to copy, a test, and ports; the settings are settings.js.
import {$, $$, api, ApiError, el, moment, notice, onClick, onSubmit, repeat, sure, toast, values} from "./portal.js";
import {_, _n} from "./words.js";

const POLL_MS = 3000;
const made = {}; // by use: the device password that was made just now

// --- servers ------------------------------------------------------------------------------------------------------------

const STATES = {
  on: () => el("span", {class: "badge ok"}, _("listens")),
  off: () => el("span", {class: "badge"}, _("off")),
  silent: () => el("span", {class: "badge bad"}, _("does not listen")),
};

function serverBlock(server) {
  const open = $(`[data-server="${CSS.escape(server.name)}"] details`)?.open ?? false;
  const here = server.clients.filter((each) => !each.ended_local);
  const head = el("div", {class: "spread"},
    el("div", {class: "grow"}, el("h3", {}, server.title), el("p", {class: "small muted"}, server.about)),
    server.address ? copied(server.address) : null, STATES[server.state]());
  const block = el("div", {class: "server", "data-server": server.name}, head);
  if (server.state === "silent") block.append(el("p", {class: "small bad"}, _("It is switched on, but nobody listens there: Logs and Package management say why.")));
  if (server.clients.length) {
    const said = here.length ? _n("{count} is connected", "{count} are connected", server.count) : _("Nobody is connected");
    block.append(el("details", {open}, el("summary", {class: "small"}, said), clientTable(server.clients)));
  } else if (server.state === "on" && server.count !== null) block.append(server.count ? el("p", {class: "small muted"}, _n("{count} is connected", "{count} are connected", server.count)) : el("p", {class: "small muted"}, _("Nobody is connected")));
  return block;
}

function clientTable(clients) {
  const heads = [_("Address"), _("User"), _("Since"), _("Last sent or asked"), _("Answer"), _("Messages")];
  const row = (each) => {
    const gone = each.ended_local && _("gone {at}", {at: moment(each.ended_local)}) + (each.why ? `: ${each.why}` : "");
    const cells = [
      each.address, each.user || "–", moment(each.since_local),
      each.sent ? `${each.sent} · ${moment(each.sent_local)}` : "–",
      gone || (each.answered ? `${each.answered} · ${moment(each.answered_local)}` : "–"),
      each.missed ? _("{count}, {missed} missed", {count: each.count, missed: each.missed}) : String(each.count),
    ];
    return el("tr", {class: each.ended_local ? "gone" : null}, ...cells.map((text, index) => el("td", {"data-name": heads[index]}, text)));
  };
  return el("div", {class: "scroll"}, el("table", {class: "fold small"}, el("thead", {}, el("tr", {}, ...heads.map((each) => el("th", {}, each)))), el("tbody", {}, ...clients.map(row))));
}

// --- texts to copy --------------------------------------------------------------------------------------------------------

async function copy(text) {
  try { await navigator.clipboard.writeText(text); } catch { // plain http: browsers offer no clipboard there
    const area = el("textarea", {class: "off-screen", "aria-hidden": "true"});
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(_("Copied."));
}

function copied(text) {
  return el("span", {class: "copied"}, el("code", {class: "mono"}, text),
    el("button", {type: "button", class: "quiet", "aria-label": _("Copy {text}", {text}), onclick: () => copy(text)}, _("Copy")));
}

function filledIn(each) {
  const known = made[each.use];
  return known ? each.text.replaceAll("USER", known.user).replaceAll("PASSWORD", known.password) : each.text;
}

function productBlock(product) {
  const rows = product.copies.map((each) => {
    const text = filledIn(each);
    let shown;
    if (!text) shown = el("span", {class: "small muted"}, _("does not listen: see above"));
    else if (text === "USER" || text === "PASSWORD") shown = el("span", {class: "small muted"}, _("of a device password of the use {use}", {use: each.use}));
    else if (each.lines) shown = el("div", {class: "stack"}, el("pre", {class: "mono", tabindex: "0"}, text), el("div", {}, el("button", {type: "button", onclick: () => copy(text)}, _("Copy"))));
    else shown = copied(text);
    return [el("dt", {}, each.label), el("dd", {}, shown)];
  });
  return el("details", {class: "product"}, el("summary", {}, product.name),
    el("div", {class: "stack"}, el("ol", {class: "steps small"}, ...product.steps.map((step) => el("li", {}, step))), el("dl", {class: "copies"}, ...rows.flat())));
}

let products = [];
function showProducts() {
  const open = new Set($$("#product-list details[open] > summary").map((each) => each.textContent));
  $("#product-list").replaceChildren(...products.map(productBlock));
  for (const each of $$("#product-list details")) each.open = open.has($("summary", each).textContent);
}

// --- all of it ------------------------------------------------------------------------------------------------------------

function firewallRow(each) {
  const way = {in: _("in, to the camera"), out: _("out, from the camera"), both: _("both ways")}[each.direction];
  return el("tr", {}, el("td", {"data-name": _("Direction")}, way), el("td", {"data-name": _("Protocol")}, each.protocol), el("td", {"data-name": _("Port"), class: "nums"}, each.port),
    el("td", {"data-name": _("What for")}, each.about), el("td", {"data-name": _("With whom")}, each.peer));
}

let actions = [];
const shown = {servers: "", products: "", firewall: ""};

/** Draws a part when it has changed, so that nothing that one reads, copies or has the focus on moves without need. */
function redraw(name, state, draw) {
  const text = JSON.stringify(state[name]);
  if (shown[name] === text) return;
  shown[name] = text;
  draw(state[name]);
}

function show(state) {
  $("#local-only").hidden = !state.local_only;
  actions = state.actions;
  if (!$("#listening").contains(document.activeElement) && !document.getSelection().toString()) {
    redraw("servers", state, (servers) => $("#listening").replaceChildren(...servers.map(serverBlock)));
  }
  redraw("firewall", state, (rows) => $("#firewall-rows").replaceChildren(...rows.map(firewallRow)));
  redraw("products", state, (all) => { products = all; showProducts(); });
}

const look = async () => show(await api("GET", "integration"));
repeat(POLL_MS, look);

// --- test -----------------------------------------------------------------------------------------------------------------

async function tried(title, path) {
  const line = el("li", {class: "small"}, el("strong", {}, title), " ", el("span", {class: "muted"}, _("is sent …")));
  $("#test-results").append(line);
  let ok, note;
  try { ({ok, note} = await api("POST", path)); } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    [ok, note] = [false, error.message];
  }
  line.lastChild.replaceWith(el("span", {class: ok ? "ok" : "bad"}, note));
}

onClick($("#send-test"), async () => {
  $("#test-results").replaceChildren();
  await tried(_("Connected recorders"), "integration/test");
  for (const each of actions) await tried(`${each.label} · ${each.name}`, `integration/test/${each.id}`);
  await look();
});

// --- device passwords: of the camera's host, not of the portal --------------------------------------------------------------

async function host(method, path, body) {
  const response = await fetch(path, {method, headers: {"Content-Type": "application/json", "X-Requested-With": "fetch"}, body: body && JSON.stringify(body)})
    .catch(() => { throw new ApiError(0, {error: _("The camera does not answer. Is it still connected?")}); });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

function passwordRow(each) {
  const remove = el("button", {type: "button", class: "quiet danger", "aria-label": _("Remove {name}", {name: each.name})}, _("Remove"));
  onClick(remove, async () => {
    if (!await sure(_("Remove"), _("Whoever uses the password {name} does not get in any more.", {name: each.name}), _("Remove"))) return;
    await host("DELETE", `/api/device-passwords/${each.user}`, {});
    await showPasswords();
  });
  return el("tr", {}, el("td", {"data-name": _("For")}, each.name), el("td", {"data-name": _("Use")}, each.view_only ? `${each.use} · ${_("may only see")}` : each.use), el("td", {"data-name": _("User name")}, el("code", {class: "mono"}, each.user)),
    el("td", {"data-name": _("Last use"), class: "small"}, each.used ? moment(each.used) : _("not since the start")), el("td", {class: "right"}, remove));
}

async function showPasswords() {
  const {device_passwords: known} = await host("GET", "/api/device-passwords");
  const rows = known.map(passwordRow);
  $("#password-rows").replaceChildren(...(rows.length ? rows : [el("tr", {}, el("td", {colspan: "5", class: "muted"}, _("No recorder has a password yet.")))]));
}

const form = $("#new-password");
if (form) {
  showPasswords().catch((error) => notice("bad", error.message, [], $("#password-said")));
  onSubmit(form, $("#password-said"), async () => {
    const {view_only, ...wanted} = values(form);
    const password = await host("POST", "/api/device-passwords", view_only ? {...wanted, view_only} : wanted); // an older host knows no such mark
    made[password.use] = password;
    notice("ok", _("Copy it now, it is not shown again. Until you leave this page it stands in the settings to copy, too."), [], $("#password-said"))
      .append(el("dl", {class: "copies"}, el("dt", {}, _("User name")), el("dd", {}, copied(password.user)), el("dt", {}, _("Password")), el("dd", {}, copied(password.password))));
    form.reset();
    showProducts();
    await showPasswords();
  });
}
