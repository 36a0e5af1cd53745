// The control API as this page uses it; a refusal is an ApiError with words for people.

const V1 = "/hearth/v1/";

export class ApiError extends Error {
  constructor(status, message, next) {
    super([message, next].filter(Boolean).join(" "));
    this.status = status;
  }
}

async function refusal(response) {
  let said = {};
  try { said = (await response.json()).error || {}; } catch { /* no JSON: the status says enough */ }
  return new ApiError(response.status, said.message || `Hearth answered ${response.status}.`, said.next_step);
}

async function open(method, path, body, signal) {
  const options = { method, signal, credentials: "same-origin", cache: "no-store", redirect: "error" };
  if (method !== "GET") {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(V1 + path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "Hearth does not answer.", "Start it with `hearth run`.");
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

export const get = async (path, signal) => (await open("GET", path, null, signal)).json();
export const post = async (path, body) => (await open("POST", path, body)).json();
export const put = async (path, body) => (await open("PUT", path, body)).json();
export const remove = async (path) => (await open("DELETE", path)).json();

/** The lines of a reply as they come. */
export async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const found = (rest + value).split("\n");
    rest = found.pop();
    yield* found;
  }
  if (rest) yield rest;
}

/** Fetch a model; yields its progress, and throws what it ended in. */
export async function* pull(model) {
  const response = await open("POST", "models/pull", { model });
  for await (const line of lines(response)) {
    if (!line.trim()) continue;
    const said = JSON.parse(line);
    if (said.error) throw new ApiError(200, said.error.message, said.error.next_step);
    yield said;
  }
}

export const query = (pairs) => new URLSearchParams(Object.entries(pairs).filter(([, value]) => value !== "" && value !== null && value !== undefined)).toString();
