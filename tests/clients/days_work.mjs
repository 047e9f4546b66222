// A day's work of a client that has nothing but `fetch`: node days_work.mjs URL LOGIN PASSWORD. Prints all it was answered, as JSON.

const [url, login, password] = process.argv.slice(2);
let cookie = "";
const said = {};

async function ask(name, method, path, body) {
  const answer = await fetch(`${url}/node/api${path}`, {
    method,
    headers: { ...(cookie && { Cookie: cookie }), ...(body !== undefined && { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const given = answer.headers.get("set-cookie");
  if (given) cookie = given.split(";")[0];
  const text = await answer.text();
  const value = text ? JSON.parse(text) : null;
  if (!answer.ok || value?.code !== undefined) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  said[name] = value;
  return value;
}

await ask("user", "POST", "/users/session", { login, password });
const pump = await ask("class", "POST", "/classes", { name: "Pump" });
const object = await ask("object", "POST", "/objects", { name: "Pump 1", class_id: pump.id });
const other = await ask("other", "POST", "/objects", { name: "Pump 2", class_id: pump.id });
await ask("link", "POST", "/links", { source: object.id, target: other.id });
const operation = await ask("operation", "POST", `/objects/${object.id}/operations`, {
  name: "Set",
  type: "1",
  parameters: { topic: "plant/{{id}}/set", message: "{{args.level}}" },
});
await ask("nothing", "PUT", `/objects/${object.id}/state-triggers`, [
  { states: [5], type: "operation", payload: { operation: operation.id } },
]);
await ask("triggers", "GET", `/objects/${object.id}/state-triggers`);
await ask("state", "PUT", `/objects/${object.id}/state`, { state_id: 5 });
const job = await ask("executed", "POST", `/objects/${object.id}/operations/${operation.id}/execute`, { level: 3 });
for (let tries = 0; tries < 500; tries += 1) {
  const found = await ask("job", "GET", `/jobs/${job}`);
  if (!["queued", "running"].includes(found.status)) break;
  await new Promise((go) => setTimeout(go, 20));
}
await ask("added", "PATCH", `/jobs/${job}/results`, { seen: true, words: "äöü 🚂", nested: [[{}]] });
await ask("withResult", "GET", `/jobs/${job}`);
await ask("jobs", "GET", `/objects/${object.id}/jobs`);
await ask("history", "GET", `/objects/${object.id}/state-history`);
await ask("left", "DELETE", "/users/session");
console.log(JSON.stringify(said));
