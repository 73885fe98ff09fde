"use strict";

// Unpacks the alerts and shows them. Every text of an alert becomes a text node: nothing of it is ever read as HTML.

const SEVERITIES = { 1: "act now", 2: "review", 3: "audit" };
const DAY = 86400;
// The widths of bars in the chart over time, in seconds.
const STEPS = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
const MOST_BARS = 60;
const TOP = 8;
const MORE_TOP = 100;
const LISTED = 100;

// By what alerts are counted and filtered.
const FACETS = [
  { name: "Severity", key: (alert) => String(alert.severity), label: (alert) => severity(alert.severity) },
  { name: "Rule", key: (alert) => alert.ruleId, label: (alert) => alert.rule },
  { name: "Principal", key: (alert) => alert.facts.principal ?? "", label: (alert) => alert.who ?? "" },
  { name: "Account", key: (alert) => alert.facts.account ?? "", label: account },
  { name: "Region", key: (alert) => alert.facts.region ?? "", label: (alert) => alert.facts.region ?? "" },
  { name: "Address", key: (alert) => alert.facts.ip ?? "", label: (alert) => alert.facts.ip ?? "" },
];

const byId = (id) => document.getElementById(id);
const state = { alerts: [], words: [], chosen: new Map(), span: null, order: "severity", listed: LISTED, wide: new Set() };

function severity(number) {
  return `SEV${number} ${SEVERITIES[number] ?? ""}`.trim();
}

function account(alert) {
  const id = alert.facts.account ?? "";
  return alert.accountName ? `${alert.accountName} (${id})` : id;
}

const NUMBERS = new Intl.NumberFormat("en");
const numeral = (count) => NUMBERS.format(count);

function counted(count, noun) {
  return `${numeral(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A new element; children are elements, or strings, which become text. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  set(made, attributes);
  made.append(...children);
  return made;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  set(made, attributes);
  made.append(...children);
  return made;
}

function set(made, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
}

// ---- The data

async function unpack(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const lines = (await new Response(unpacked).text()).split("\n");
  return lines.filter((line) => line !== "").map((line) => {
    const { more, alert } = JSON.parse(line);
    const seconds = Date.parse(alert.time) / 1000;
    return { ...alert, more, seconds: Number.isNaN(seconds) ? null : seconds, text: null };
  });
}

/** All text of an alert in lower case, made when it is first searched. */
function searchable(alert) {
  if (alert.text === null) {
    const parts = [];
    gather(alert, parts);
    alert.text = parts.join("\n").toLowerCase();
  }
  return alert.text;
}

/** Makes the text of all alerts, a few at a time, so that the first search does not wait for it. */
function prepare(from = 0) {
  const next = state.alerts.slice(from, from + 200);
  next.forEach(searchable);
  if (next.length > 0) setTimeout(prepare, 0, from + next.length);
}

function gather(value, parts) {
  if (typeof value === "string") parts.push(value);
  else if (value !== null && typeof value === "object") for (const one of Object.values(value)) gather(one, parts);
}

// ---- What is selected

function inSpan(alert) {
  return alert.seconds !== null && alert.seconds >= state.span.from && alert.seconds < state.span.to;
}

/** The alerts that all filters select, other than that of one facet (or of `time`), which shows what else could be chosen. */
function selected(except) {
  const chosen = [...state.chosen].filter(([facet]) => facet !== except);
  const withSpan = state.span !== null && except !== "time";
  return state.found.filter(
    (alert) => (!withSpan || inSpan(alert)) && chosen.every(([facet, { key }]) => facet.key(alert) === key),
  );
}

function search() {
  const { words, alerts } = state;
  state.found = words.length === 0 ? alerts : alerts.filter((alert) => words.every((word) => searchable(alert).includes(word)));
}

const ORDERS = {
  severity: (one, other) => one.severity - other.severity || (other.seconds ?? 0) - (one.seconds ?? 0),
  newest: (one, other) => (other.seconds ?? 0) - (one.seconds ?? 0),
  oldest: (one, other) => (one.seconds ?? 0) - (other.seconds ?? 0),
};

/** Shows everything again, with the focus where it was. */
function show() {
  const start = performance.now();
  const focused = document.activeElement?.place;
  search();
  const alerts = selected(null).sort(ORDERS[state.order]);
  byId("count").textContent =
    alerts.length === state.alerts.length
      ? counted(alerts.length, "alert")
      : `${numeral(alerts.length)} of ${counted(state.alerts.length, "alert")}`;
  byId("filters").replaceChildren(...chips());
  showTime();
  byId("facets").replaceChildren(...FACETS.map(panel));
  showList(alerts);
  if (focused !== undefined) {
    const again = [...document.querySelectorAll("button, [role=button]")].find((one) => one.place === focused);
    (again ?? byId("query")).focus({ preventScroll: true });
  }
  performance.measure("show", { start });
}

function choose(facet, key, label) {
  if (state.chosen.get(facet)?.key === key) state.chosen.delete(facet);
  else state.chosen.set(facet, { key, label });
  state.listed = LISTED;
  show();
}

function chips() {
  const chip = (text, remove) => {
    const button = element("button", { type: "button" }, text, element("span", { "aria-hidden": "true" }, " ×"));
    button.setAttribute("aria-label", `Remove the filter ${text}`);
    button.addEventListener("click", () => {
      remove();
      show();
      byId("query").focus();
    });
    return element("li", {}, button);
  };
  const made = [...state.chosen].map(([facet, { label }]) =>
    chip(`${facet.name}: ${label || "none"}`, () => state.chosen.delete(facet)),
  );
  if (state.span !== null) made.push(chip(`Time: ${state.span.label}`, () => (state.span = null)));
  return made;
}

// ---- Charts

function panel(facet, at) {
  const counts = new Map();
  for (const alert of selected(facet)) {
    const key = facet.key(alert);
    const entry = counts.get(key) ?? { key, label: facet.label(alert), count: 0 };
    entry.count++;
    counts.set(key, entry);
  }
  const chosen = state.chosen.get(facet);
  if (chosen && !counts.has(chosen.key)) counts.set(chosen.key, { ...chosen, count: 0 });
  const byCount = (one, other) => other.count - one.count || (one.label < other.label ? -1 : 1);
  const byKey = (one, other) => (one.key < other.key ? -1 : 1);
  const entries = [...counts.values()].sort(at === 0 ? byKey : byCount);
  const top = entries.slice(0, state.wide.has(facet) ? MORE_TOP : TOP);
  const most = Math.max(1, ...entries.map((entry) => entry.count));
  const rows = top.map((entry) => {
    const label = entry.label || "none";
    const fill = at === 0 ? `fill${entry.key}` : "fill";
    const bar = drawn("rect", { class: fill, width: `${(100 * entry.count) / most}%`, height: "100%" });
    const button = element(
      "button",
      { type: "button", "aria-pressed": String(chosen?.key === entry.key), title: entry.key || null },
      element("bdi", { class: "label" }, label),
      element("span", { class: "number" }, numeral(entry.count), element("span", { class: "hidden" }, entry.count === 1 ? " alert" : " alerts")),
      drawn("svg", { class: "bar", "aria-hidden": "true", focusable: "false" }, bar),
    );
    button.place = `${facet.name}\n${entry.key}`;
    button.addEventListener("click", () => choose(facet, entry.key, entry.label));
    return element("li", {}, button);
  });
  const title = element("h2", { id: `facet-${at}` }, at === 0 ? "By severity" : `By ${facet.name.toLowerCase()}`);
  const list = element("ol", { "aria-labelledby": `facet-${at}` }, ...rows);
  const made = element("section", { class: "facet", "aria-labelledby": `facet-${at}` }, title, list);
  if (entries.length > TOP) {
    const isWide = state.wide.has(facet);
    const rest = entries.length - top.length;
    const text = isWide ? `Show the first ${TOP}` : `Show ${Math.min(MORE_TOP, entries.length) - TOP} more`;
    const more = element("button", { type: "button", class: "wide", "aria-expanded": String(isWide) }, text);
    more.place = `${facet.name}\nmore\n`;
    more.addEventListener("click", () => {
      if (!state.wide.delete(facet)) state.wide.add(facet);
      show();
    });
    made.append(element("p", {}, more, isWide && rest > 0 ? ` ${numeral(rest)} not shown` : ""));
  }
  return made;
}

const shownTime = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
const shownDay = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

/** The bars of the chart over time: from when, and how many alerts of each severity. */
function bars(alerts) {
  let [first, last] = [Infinity, -Infinity];
  for (const { seconds } of state.alerts) {
    if (seconds === null) continue;
    first = Math.min(first, seconds);
    last = Math.max(last, seconds);
  }
  if (first > last) return { step: DAY, bars: [] };
  const step = STEPS.find((one) => (last - first) / one < MOST_BARS - 1) ?? Math.ceil((last - first) / (MOST_BARS - 1));
  const start = Math.floor(first / step) * step;
  const made = [];
  for (let from = start; from <= last; from += step) made.push({ from, to: from + step, counts: { 1: 0, 2: 0, 3: 0 }, all: 0 });
  for (const { seconds, severity } of alerts) {
    if (seconds === null) continue;
    const bar = made[Math.floor((seconds - start) / step)];
    bar.counts[severity]++;
    bar.all++;
  }
  return { step, bars: made };
}

function showTime() {
  const place = byId("time");
  const { step, bars: all } = bars(selected("time"));
  if (all.length === 0) return place.replaceChildren(element("p", {}, "No alert has a time."));
  const label = step < DAY ? shownTime : shownDay;
  const width = Math.max(280, place.clientWidth || 900);
  const [left, right, top, height, bottom] = [44, 8, 10, 150, 24];
  const most = Math.max(1, ...all.map((bar) => bar.all));
  const slot = (width - left - right) / all.length;
  const y = (count) => top + height - (height * count) / most;
  const text = (x, at, anchor, content) => drawn("text", { x, y: at, "text-anchor": anchor }, content);
  const grid = [0, most].flatMap((count) => [
    drawn("line", { class: "grid", x1: left, x2: width - right, y1: y(count), y2: y(count) }),
    text(left - 6, y(count) + 4, "end", numeral(count)),
  ]);
  const every = Math.ceil(all.length / Math.max(1, Math.floor((width - left) / 130)));
  const ticks = all.flatMap((bar, at) =>
    at % every === 0 && left + slot * at < width - 110 ? [text(left + slot * at, top + height + 17, "start", label(bar.from))] : [],
  );
  const shown = all.map((bar, at) => {
    const name = `${shownTime(bar.from)} to ${shownTime(bar.to)} UTC: ${counted(bar.all, "alert")}`;
    const parts = [1, 2, 3].filter((one) => bar.counts[one] > 0).map((one) => `${bar.counts[one]} ${severity(one)}`);
    const full = parts.length > 0 ? `${name}, ${parts.join(", ")}` : name;
    const isChosen = state.span?.from === bar.from;
    const made = drawn("g", { role: "button", tabindex: "-1", "aria-label": full, "aria-pressed": String(isChosen), class: "slot" });
    made.append(drawn("title", {}, full), drawn("rect", { class: "hit", x: left + slot * at, y: top, width: slot, height }));
    let below = 0;
    for (const one of [3, 2, 1]) {
      if (bar.counts[one] === 0) continue;
      const from = y(below + bar.counts[one]);
      const size = { x: left + slot * at + slot * 0.08, width: slot * 0.84, y: from, height: y(below) - from };
      made.append(drawn("rect", { class: `fill${one}`, ...size }));
      below += bar.counts[one];
    }
    made.place = `time\n${bar.from}`;
    const pick = () => {
      state.span = isChosen ? null : { from: bar.from, to: bar.to, label: `${shownTime(bar.from)} to ${shownTime(bar.to)} UTC` };
      state.listed = LISTED;
      show();
    };
    made.addEventListener("click", pick);
    made.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        pick();
      }
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
      if (to !== undefined && shown[to]) {
        event.preventDefault();
        shown[to].focus();
      }
    });
    return made;
  });
  // One stop for the Tab key; the arrow keys move from bar to bar.
  const stop = shown.find((bar) => bar.getAttribute("aria-pressed") === "true") ?? shown[0];
  stop.setAttribute("tabindex", "0");
  const name = `Alerts over time: ${all.length} bars, from ${label(all[0].from)}. The arrow keys move between the bars; Enter filters.`;
  const chart = drawn(
    "svg",
    { viewBox: `0 0 ${width} ${top + height + bottom}`, role: "group", "aria-label": name, class: state.span ? "chart has-span" : "chart" },
    patterns(),
    ...grid,
    ...shown,
    ...ticks,
  );
  const legend = [1, 2, 3].map((one) =>
    element(
      "li",
      {},
      drawn("svg", { class: "key", viewBox: "0 0 14 14", "aria-hidden": "true" }, drawn("rect", { class: `fill${one}`, width: 14, height: 14 })),
      severity(one),
    ),
  );
  place.replaceChildren(chart, element("ul", { class: "legend" }, ...legend));
}

/** Severities differ by their patterns, too. */
function patterns() {
  const stripes = drawn(
    "pattern",
    { id: "stripes", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    drawn("rect", { class: "ground2", width: 6, height: 6 }),
    drawn("rect", { class: "mark2", width: 3, height: 6 }),
  );
  return drawn("defs", {}, stripes);
}

// ---- Alerts

function showList(alerts) {
  state.shown = alerts;
  const listed = alerts.slice(0, state.listed);
  byId("list").replaceChildren(...listed.map(item));
  const rest = alerts.length - listed.length;
  byId("listed").textContent = rest > 0 ? `${listed.length} of ${counted(alerts.length, "alert")} are listed.` : "";
  const more = byId("more");
  more.hidden = rest === 0;
  more.textContent = `List ${Math.min(rest, LISTED)} more`;
}

function item(alert) {
  const made = element(
    "details",
    {},
    element(
      "summary",
      {},
      element("span", { class: `severity severity${alert.severity}` }, `SEV${alert.severity}`),
      element("bdi", { class: "title" }, alert.title),
      element(
        "span",
        { class: "meta" },
        element("time", { datetime: alert.time }, alert.time),
        ...[alert.rule, account(alert), alert.facts.region, alert.facts.ip]
          .filter((text) => text)
          .map((text) => element("bdi", {}, text)),
        ...(alert.count > 1 ? [element("span", {}, `${alert.approximate ? "about " : ""}${counted(alert.count, "event")}`)] : []),
      ),
    ),
  );
  made.alert = alert;
  made.addEventListener("toggle", () => fill(made));
  return element("li", {}, made);
}

/** Adds the body of an alert when it is first opened. */
function fill(details) {
  if (details.childElementCount > 1) return;
  const { alert } = details;
  const { sheet } = alert;
  const body = element("div", { class: "body" });
  body.append(...sheet.lead.map((lead) => element("p", { class: "lead" }, ...parts(lead))));
  if (sheet.advice.length > 0) body.append(element("p", { class: "advice" }, ...parts(sheet.advice)));
  if (sheet.runbook) body.append(element("p", {}, "Runbook: ", link(sheet.runbook)));
  if (sheet.steps.length > 0) {
    body.append(element("h3", {}, "What to do next"), element("ol", { class: "steps" }, ...sheet.steps.map(step)));
  }
  body.append(element("h3", {}, "Details"), rows(alert));
  if (sheet.why.length > 0) {
    const why = sheet.why.map((reason) => element("li", {}, ...parts(reason)));
    body.append(element("h3", {}, "Why the rule matches"), element("ul", { class: "why" }, ...why));
  }
  body.append(element("h3", {}, "Events"), ...events(alert));
  details.append(body);
}

function parts(text) {
  return text.map((part) => {
    if (typeof part === "string") return part;
    return Array.isArray(part) ? element("bdi", { class: "value" }, part[0]) : link(part.link);
  });
}

/** A link, if the address is one of the web. */
function link(address) {
  if (!/^https?:\/\//.test(address)) return element("span", {}, address);
  return element("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, address);
}

function step({ what, command, link: page, entry }) {
  const made = element("li", {}, element("span", {}, ...parts(what)));
  for (const text of [command, entry]) if (text) made.append(paste(text));
  if (page) made.append(element("p", {}, link(page)));
  return made;
}

/** Text to paste, with a button that copies it. */
function paste(text) {
  const code = element("pre", { tabindex: "0", role: "region", "aria-label": "To paste" }, text);
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      byId("notice").textContent = "Copied.";
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      byId("notice").textContent = "Selected: copy it with the keyboard.";
    }
  });
  return element("div", { class: "paste" }, code, button);
}

function rows(alert) {
  const table = element("table", { class: "rows" }, element("caption", { class: "hidden" }, "Details of the alert"));
  const own = [
    ["Rule", [`${alert.rule} (${alert.ruleId})`]],
    ["Alert", [alert.id]],
    ["File", [[alert.file]]],
  ];
  if (alert.more > 0) own.unshift(["Later", [`${counted(alert.more, "event")} of the series came after its last alert`]]);
  for (const group of [...alert.sheet.groups, own]) {
    const body = element("tbody");
    let cell = null;
    for (const [name, text] of group) {
      if (cell === null || name !== "") {
        cell = element("td");
        body.append(element("tr", {}, element("th", { scope: "row" }, name), cell));
      }
      cell.append(element("div", {}, ...parts(text)));
    }
    table.append(body);
  }
  return table;
}

function events(alert) {
  const made = alert.records.map((record, at) => {
    const name = at === 0 ? "The event that raised the alert" : `Event ${at + 1} of the alert`;
    return element("pre", { class: "record", tabindex: "0", role: "region", "aria-label": name }, indented(record));
  });
  if (alert.unlisted > 0) made.push(element("p", {}, `${counted(alert.unlisted, "more event")} of the alert: not on this page.`));
  return made;
}

/** JSON text on lines; the text itself stays as it is, its numbers too. */
function indented(text) {
  let [out, depth, isText] = ["", 0, false];
  const line = () => `\n${"  ".repeat(Math.min(depth, 40))}`;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (isText) {
      out += sign;
      if (sign === "\\") out += text[++at] ?? "";
      else if (sign === '"') isText = false;
    } else if (sign === "{" || sign === "[") {
      depth++;
      const isEmpty = text[at + 1] === "}" || text[at + 1] === "]";
      out += isEmpty ? sign : sign + line();
    } else if (sign === "}" || sign === "]") {
      depth--;
      out += text[at - 1] === "{" || text[at - 1] === "[" ? sign : line() + sign;
    } else {
      isText = sign === '"';
      out += sign === "," ? sign + line() : sign === ":" ? ": " : sign;
    }
  }
  return out;
}

// ---- The controls

function listen() {
  let timer = 0;
  byId("query").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      state.words = byId("query").value.toLowerCase().split(/\s+/).filter((word) => word !== "");
      state.listed = LISTED;
      show();
    }, 150);
  });
  byId("search").addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    Object.assign(state, { words: [], chosen: new Map(), span: null, listed: LISTED });
    byId("query").value = "";
    show();
  });
  byId("order").addEventListener("change", (event) => {
    state.order = event.target.value;
    show();
  });
  byId("more").addEventListener("click", () => {
    const next = state.listed;
    state.listed += LISTED;
    showList(state.shown);
    byId("list").children[next]?.querySelector("summary").focus();
  });
  let width = byId("time").clientWidth;
  new ResizeObserver(() => {
    if (byId("time").clientWidth === width) return;
    width = byId("time").clientWidth;
    showTime();
  }).observe(byId("time"));
  // On paper, every listed alert is open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("#list details:not([open])")];
    for (const details of opened) {
      fill(details);
      details.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened = [];
  });
}

async function start() {
  byId("state").textContent = "Unpacking the alerts …";
  try {
    state.alerts = await unpack(byId("data").textContent);
  } catch (error) {
    byId("state").textContent = `This browser cannot unpack the alerts (${error.message}). Any browser since 2023 can.`;
    return;
  }
  byId("state").textContent = "";
  byId("page").hidden = false;
  show();
  listen();
  prepare();
  performance.mark("ready");
}

start();
