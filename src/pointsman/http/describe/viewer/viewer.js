// Shows the documents of a worker's API, and lets one try what only reads. Served by the worker, needs nothing else.

import { example, exampleOf, fields, h, json, prose, resolve, typeOf, words } from "./forms.js";
import { tryIt, url } from "./trying.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const at = (id) => document.getElementById(id);
const known = { http: null, mqtt: null };

// HTTP

function calls(whole) {
  const groups = new Map((whole.tags ?? []).map((tag) => [tag.name, { ...tag, entries: [] }]));
  for (const [path, item] of Object.entries(whole.paths)) {
    for (const method of METHODS.filter((each) => item[each])) {
      const call = item[method];
      const tag = call.tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, { name: tag, entries: [] });
      const parameters = [...(item.parameters ?? []), ...(call.parameters ?? [])].map((each) => resolve(whole, each));
      groups.get(tag).entries.push({
        id: call.operationId,
        badge: method.toUpperCase(),
        place: path,
        title: call.summary ?? call.operationId,
        show: () => showCall(whole, path, method, call, parameters),
      });
    }
  }
  return [...groups.values()].filter((group) => group.entries.length);
}

function showCall(whole, path, method, call, parameters) {
  const open = call.security?.length === 0;
  return [
    prose(call.description),
    open ? h("p", { class: "quiet" }, "Nobody has to log in.") : null,
    parameters.length ? [h("h4", {}, "Parameters"), parameterTable(whole, parameters)] : null,
    call.requestBody ? [h("h4", {}, "Body"), contents(whole, resolve(whole, call.requestBody).content)] : null,
    h("h4", {}, "Answers"),
    Object.entries(call.responses).map(([status, answer]) => showAnswer(whole, status, resolve(whole, answer))),
    h("h4", {}, "On the command line"),
    h("pre", { tabindex: "0" }, curl(whole, path, method, call)),
    method === "get" ? tryIt(path, parameters) : null,
  ];
}

function parameterTable(whole, parameters) {
  const row = (each) =>
    h("tr", {},
      h("td", {}, h("code", {}, each.name)),
      h("td", { class: "type" }, `${typeOf(whole, each.schema ?? {})}, in the ${each.in}${each.required ? "" : ", optional"}`),
      h("td", {}, words(each.description ?? "")));
  return h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, parameters.map(row))));
}

function contents(whole, content = {}) {
  return Object.entries(content).map(([kind, one]) => [
    h("p", { class: "quiet" }, kind, one.schema ? `, ${typeOf(whole, one.schema)}` : ""),
    one.schema ? fields(whole, one.schema) : null,
    kind.includes("json") ? json(exampleOf(whole, one)) : null,
  ]);
}

function showAnswer(whole, status, answer) {
  const head = [h("span", { class: `status s${status[0]}` }, status), " ", words(answer.description ?? "")];
  const body = contents(whole, answer.content);
  const headers = Object.entries(answer.headers ?? {}).map(([name, each]) =>
    h("p", {}, h("code", {}, name), " ", words(resolve(whole, each).description ?? "")));
  if (!body.length && !headers.length) return h("p", { class: "answer" }, head);
  return h("details", { class: "answer", open: status.startsWith("2") }, h("summary", {}, head), headers, body);
}

function curl(whole, path, method, call) {
  const content = resolve(whole, call.requestBody ?? {}).content?.["application/json"];
  const parts = ["curl"];
  if (call.security?.length !== 0) parts.push("-u admin");
  if (method !== "get") parts.push(`-X ${method.toUpperCase()}`);
  if (content) {
    const body = JSON.stringify(exampleOf(whole, content)).replaceAll("'", "'\\''");
    parts.push(`-H 'Content-Type: application/json' -d '${body}'`);
  }
  return [...parts, `'${url(path.replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase()))}'`].join(" ");
}

// MQTT

function topics(whole) {
  const groups = [
    { name: "listens", description: "What the worker listens to.", entries: [] },
    { name: "says", description: "What the worker says.", entries: [] },
  ];
  for (const [id, operation] of Object.entries(whole.operations)) {
    const channel = resolve(whole, operation.channel);
    const sends = operation.action === "send";
    groups[sends ? 1 : 0].entries.push({
      id: `mqtt-${id}`,
      badge: sends ? "OUT" : "IN",
      place: channel.address ?? "…",
      title: operation.title,
      show: () => showTopic(whole, operation, channel),
    });
  }
  return groups;
}

function showTopic(whole, operation, channel) {
  const { qos, retain } = operation.bindings.mqtt;
  const message = (each) => {
    const found = resolve(whole, each);
    return [
      h("h5", {}, found.title),
      h("p", { class: "quiet" }, found.contentType, ", ", typeOf(whole, found.payload)),
      fields(whole, found.payload),
      (found.examples?.length ? found.examples.map((one) => one.payload) : [example(whole, found.payload)]).map(json),
    ];
  };
  const parameters = Object.entries(channel.parameters ?? {});
  return [
    prose(operation.summary),
    h("p", { class: "quiet" }, `QoS ${qos}${retain ? ", retained" : ""}`),
    parameters.length ? h("ul", { class: "fields" }, parameters.map(([name, each]) =>
      h("li", {}, h("code", { class: "name" }, `{${name}}`), " ", h("span", { class: "meaning" }, words(each.description))))) : null,
    h("h4", {}, "Message"),
    operation.messages.map(message),
    operation.reply ? [h("h4", {}, "Answers, on the Response Topic"), operation.reply.messages.map(message)] : null,
  ];
}

// The page

function draw(groups, introduction) {
  const card = (entry) => {
    const details = h("details", { id: entry.id, class: "call", "data-words": `${entry.place} ${entry.title} ${entry.id}`.toLowerCase() },
      h("summary", {}, h("span", { class: `badge ${entry.badge}` }, entry.badge), h("code", {}, entry.place),
        h("span", { class: "title" }, entry.title)));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(h("div", { class: "inside" }, entry.show()));
    });
    return details;
  };
  at("main").replaceChildren(...introduction, ...groups.map((group) =>
    h("section", { id: `group-${group.name}` }, h("h2", {}, group.name), prose(group.description), group.entries.map(card))));
  at("contents").replaceChildren(...groups.map((group) => h("div", {},
    h("a", { class: "group", href: `#group-${group.name}` }, group.name),
    h("ul", {}, group.entries.map((entry) => h("li", { "data-words": `${entry.place} ${entry.title} ${entry.id}`.toLowerCase() },
      h("a", { href: `#${entry.id}`, title: entry.title }, entry.title)))))));
  find();
}

function find() {
  const sought = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const each of document.querySelectorAll("[data-words]")) {
    each.hidden = !sought.every((word) => each.dataset.words.includes(word));
  }
  for (const each of document.querySelectorAll("main section, #contents > div")) {
    each.hidden = !each.querySelector("[data-words]:not([hidden])");
  }
}

async function load(name, file) {
  if (known[name] === null) {
    const answer = await fetch(url(`/api/${file}.json`));
    if (answer.status === 401) return null;
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    known[name] = await answer.json();
  }
  return known[name];
}

async function show(name) {
  for (const each of ["http", "mqtt"]) at(`tab-${each}`).setAttribute("aria-current", each === name ? "page" : "false");
  try {
    const whole = await load(name, name === "http" ? "openapi" : "asyncapi");
    if (whole === null) return at("main").replaceChildren(h("p", {}, "Log in to see the topics of this worker."));
    at("version").textContent = whole.info.version;
    const introduction = [h("div", { class: "introduction" }, prose(whole.info.description))];
    draw(name === "http" ? calls(whole) : topics(whole), introduction);
  } catch (fault) {
    at("main").replaceChildren(h("p", { class: "fault" }, `The document cannot be had: ${fault.message}`));
  }
}

async function route() {
  const id = decodeURIComponent(location.hash.slice(1));
  const name = id === "mqtt" || id.startsWith("mqtt-") || ["group-listens", "group-says"].includes(id) ? "mqtt" : "http";
  if (at("main").dataset.shown !== name) {
    at("main").dataset.shown = name;
    await show(name);
  }
  const target = id ? at(id) : null;
  if (target?.tagName === "DETAILS") target.open = true;
  target?.scrollIntoView();
}

async function session() {
  const answer = await fetch(url("/node/api/users/current"));
  const user = answer.ok ? await answer.json() : null;
  const changed = async () => {
    known.mqtt = null;
    delete at("main").dataset.shown;
    await session();
    await route();
  };
  if (user) {
    const leave = async () => {
      await fetch(url("/node/api/users/session"), { method: "DELETE" });
      await changed();
    };
    return at("session").replaceChildren(h("span", { class: "who" }, user.login), h("button", { onclick: leave }, "Log out"));
  }
  const login = h("input", { name: "login", placeholder: "Login", "aria-label": "Login", autocomplete: "username", required: true });
  const password = h("input", { type: "password", placeholder: "Password", "aria-label": "Password", autocomplete: "current-password", required: true });
  const fault = h("span", { class: "fault", role: "alert" });
  const enter = async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ login: login.value, password: password.value });
    const headers = { "Content-Type": "application/json" };
    const given = await fetch(url("/node/api/users/session"), { method: "POST", headers, body });
    if (given.ok) return changed();
    fault.textContent = (await given.json().catch(() => ({}))).message ?? given.statusText;
  };
  return at("session").replaceChildren(h("form", { onsubmit: enter }, login, password, h("button", {}, "Log in"), fault));
}

at("search").addEventListener("input", find);
addEventListener("hashchange", route);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !["INPUT", "TEXTAREA"].includes(document.activeElement.tagName)) {
    event.preventDefault();
    at("search").focus();
  }
});
await Promise.all([session(), route()]);
