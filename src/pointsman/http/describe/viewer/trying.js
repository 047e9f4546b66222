// Lets one try a call that only reads, as whoever is logged in.

import { h } from "./forms.js";

// The page is at …/api/docs: what it asks for is beside it, also behind a proxy that has put a prefix in front.
const root = new URL("..", location.href);
export const url = (path) => new URL(path.replace(/^\//, ""), root);

/** A form that asks, and shows what is answered. */
export function tryIt(path, parameters) {
  const inputs = parameters.filter((each) => ["path", "query"].includes(each.in)).map((each) => ({
    ...each,
    field: h("input", { name: each.name, required: each.required, autocomplete: "off", spellcheck: "false" }),
  }));
  const shown = h("div", { class: "tried", "aria-live": "polite" });
  const send = async (event) => {
    event.preventDefault();
    const query = new URLSearchParams();
    let place = path;
    for (const { name, in: where, field } of inputs) {
      if (where === "path") place = place.replace(`{${name}}`, encodeURIComponent(field.value));
      else if (field.value) query.set(name, field.value);
    }
    const target = url(place);
    target.search = query;
    shown.replaceChildren(h("p", { class: "quiet" }, "Waiting…"));
    shown.replaceChildren(...(await ask(target)));
  };
  return h("form", { class: "try", onsubmit: send },
    h("h4", {}, "Try it"),
    inputs.map((each) => h("label", {}, h("span", {}, each.name), each.field)),
    h("button", {}, "Send"),
    shown);
}

const MOST = 200_000;

async function ask(target) {
  const began = performance.now();
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), 10_000);
  try {
    const answer = await fetch(target, { signal: patience.signal });
    const body = await beginning(answer, patience);
    const took = Math.round(performance.now() - began);
    return [
      h("p", {}, h("span", { class: `status s${String(answer.status)[0]}` }, String(answer.status)), ` ${answer.statusText} `,
        h("span", { class: "quiet" }, `${took} ms, ${answer.headers.get("content-type") ?? "without a type"}`)),
      body ? h("pre", { class: "json", tabindex: "0" }, pretty(body)) : null,
    ].filter(Boolean);
  } catch (fault) {
    return [h("p", { class: "fault" }, `No answer: ${fault.message}`)];
  } finally {
    clearTimeout(timer);
  }
}

/** As much of a body as fits on a page. Streams do not end: of one, what comes within two seconds. */
async function beginning(answer, patience) {
  const endless = (answer.headers.get("content-type") ?? "").startsWith("text/event-stream");
  if (endless) setTimeout(() => patience.abort(), 2_000);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += decoder.decode(value, { stream: true });
      if (text.length > MOST) {
        patience.abort();
        return `${text.slice(0, MOST)}\n…`;
      }
    }
  } catch (fault) {
    if (endless) return `${text}…`;
    throw fault;
  }
}

function pretty(text) {
  try {
    // Integers that a number here cannot hold would come out as others: such a body is shown as it came.
    return /\d{16}/.test(text) ? text : JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
