// What a document says, as elements: text, schemas, examples. Nothing here asks the worker for anything.

/** An element. Text is only ever text: nothing of a document is read as HTML. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Words with `code` among them. */
export function words(text = "") {
  return text.split(/(`[^`]+`)/).map((part) => (/^`[^`]+`$/.test(part) ? h("code", {}, part.slice(1, -1)) : part));
}

/** Paragraphs. */
export const prose = (text) => (text ?? "").split(/\n\s*\n/).filter(Boolean).map((part) => h("p", {}, words(part)));

export const json = (value) => h("pre", { class: "json", tabindex: "0" }, JSON.stringify(value, null, 2));

/** What a `$ref` leads to; anything else is itself. */
export function resolve(whole, value, depth = 0) {
  if (!value?.$ref || depth > 20) return value ?? {};
  const found = value.$ref.slice(2).split("/").reduce((at, step) => at?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], whole);
  return resolve(whole, found, depth + 1);
}

const nameOf = (schema) => schema?.$ref?.split("/").pop();

/** The type of a schema in a few words. */
export function typeOf(whole, schema) {
  const found = resolve(whole, schema);
  if (found.const !== undefined) return JSON.stringify(found.const);
  const arms = found.anyOf ?? found.oneOf;
  if (arms) return [...new Set(arms.map((arm) => typeOf(whole, arm)))].join(" or ");
  if (found.type === "array") return `list of ${typeOf(whole, found.items)}`;
  if (Array.isArray(found.type)) return found.type.join(" or ");
  return nameOf(schema) ?? found.type ?? "anything";
}

/** The fields of a schema: name, type, meaning, and what is inside, folded. */
export function fields(whole, schema, seen = []) {
  const found = resolve(whole, schema);
  if (seen.includes(found) || seen.length > 6) return null;
  const inside = [...seen, found];
  if (found.type === "array" || (Array.isArray(found.type) && found.items)) return fields(whole, found.items, inside);
  const arms = found.anyOf ?? found.oneOf ?? found.allOf;
  if (arms) {
    const shown = arms.map((arm) => fields(whole, arm, inside)).filter(Boolean);
    return shown.length ? h("div", {}, shown) : null;
  }
  const named = Object.entries(found.properties ?? {});
  if (!named.length) return null;
  const required = new Set(found.required ?? []);
  return h("ul", { class: "fields" }, named.map(([name, inner]) => field(whole, name, inner, required.has(name), inside)));
}

function field(whole, name, schema, required, seen) {
  const found = resolve(whole, schema);
  const below = fields(whole, schema, seen);
  const head = [
    h("code", { class: "name" }, name),
    " ",
    h("span", { class: "type" }, typeOf(whole, schema), required ? "" : ", optional"),
    found.enum ? h("span", { class: "enum" }, " ", found.enum.map((each) => [h("code", {}, JSON.stringify(each)), " "])) : "",
    found.description ? h("span", { class: "meaning" }, " ", words(schema.description ?? found.description)) : "",
  ];
  return h("li", {}, below ? h("details", {}, h("summary", {}, head), below) : head);
}

/** An example of a schema: what it gives itself, else one made of its fields. */
export function example(whole, schema, depth = 0) {
  const found = resolve(whole, schema);
  if (found.example !== undefined) return found.example;
  if (found.examples?.length) return found.examples[0];
  if (found.const !== undefined) return found.const;
  if (found.default !== undefined && found.default !== null) return found.default;
  if (found.enum) return found.enum[0];
  if (depth > 6) return null;
  const arm = (found.anyOf ?? found.oneOf ?? found.allOf)?.[0];
  if (arm) return example(whole, arm, depth + 1);
  const type = Array.isArray(found.type) ? found.type[0] : found.type;
  if (type === "array") return [example(whole, found.items, depth + 1)];
  if (type === "object" || found.properties) {
    return Object.fromEntries(
      Object.entries(found.properties ?? {}).map(([name, inner]) => [name, example(whole, inner, depth + 1)]),
    );
  }
  return { string: "…", integer: 0, number: 0, boolean: false }[type] ?? null;
}

/** The example of one kind of content: its own goes before its schema's. */
export function exampleOf(whole, content) {
  if (content.example !== undefined) return content.example;
  const named = Object.values(content.examples ?? {})[0];
  return named ? resolve(whole, named).value : example(whole, content.schema ?? {});
}
