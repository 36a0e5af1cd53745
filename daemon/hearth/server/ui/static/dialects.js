// The dialects a program may speak to Hearth, as far as one question and its streamed answer need them.

const turn = (text) => [{ role: "user", content: text }];

function fromOpenAi(data, say) {
  if (data === "[DONE]") return;
  const said = JSON.parse(data);
  if (said.error) throw new Error(said.error.message || "The stream ended in an error.");
  for (const choice of said.choices || []) {
    const delta = choice.delta || {};
    if (delta.reasoning_content || delta.reasoning) say(delta.reasoning_content || delta.reasoning, true);
    if (delta.content) say(delta.content);
  }
}

function fromResponses(data, say) {
  const said = JSON.parse(data);
  if (said.type === "response.output_text.delta") say(said.delta);
  else if (said.type?.startsWith("response.reasoning") && said.type.endsWith(".delta")) say(said.delta, true);
  else if (said.type === "error" || said.type === "response.failed") throw new Error(said.message || said.response?.error?.message || "The stream ended in an error.");
}

function fromAnthropic(data, say) {
  const said = JSON.parse(data);
  if (said.type === "error") throw new Error(said.error?.message || "The stream ended in an error.");
  if (said.delta?.type === "text_delta") say(said.delta.text);
  else if (said.delta?.type === "thinking_delta") say(said.delta.thinking, true);
}

function fromGemini(data, say) {
  const said = JSON.parse(data);
  if (said.error) throw new Error(said.error.message || "The stream ended in an error.");
  for (const part of said.candidates?.[0]?.content?.parts || []) if (part.text) say(part.text, part.thought);
}

function fromCohere(data, say) {
  const said = JSON.parse(data), piece = said.delta?.message?.content;
  if (said.delta?.error) throw new Error(said.delta.error);
  if (piece?.thinking) say(piece.thinking, true);
  if (piece?.text) say(piece.text);
}

function fromOllama(data, say) {
  const said = JSON.parse(data);
  if (said.error) throw new Error(said.error);
  if (said.message?.thinking) say(said.message.thinking, true);
  if (said.message?.content) say(said.message.content);
}

/** By name: title, path(model), body(model, text, think), read(one record, say), and whether records are server-sent events. */
export const DIALECTS = {
  ollama: { title: "Ollama", path: () => "/api/chat", sse: false, read: fromOllama,
    body: (model, text, think) => ({ model, messages: turn(text), stream: true, ...(think && { think }) }) },
  openai_chat: { title: "OpenAI Chat Completions", path: () => "/v1/chat/completions", sse: true, read: fromOpenAi,
    body: (model, text, think) => ({ model, messages: turn(text), stream: true, ...(think && { reasoning_effort: "medium" }) }) },
  openai_responses: { title: "OpenAI Responses", path: () => "/v1/responses", sse: true, read: fromResponses,
    body: (model, text, think) => ({ model, input: text, stream: true, store: false, ...(think && { reasoning: { effort: "medium", summary: "auto" } }) }) },
  anthropic: { title: "Anthropic Messages", path: () => "/v1/messages", sse: true, read: fromAnthropic,
    body: (model, text, think) => ({ model, messages: turn(text), stream: true, max_tokens: 4096, ...(think && { thinking: { type: "enabled", budget_tokens: 2048 } }) }) },
  gemini: { title: "Gemini", path: (model) => `/v1beta/models/${encodeURIComponent(model)}:streamGenerateContent?alt=sse`, sse: true, read: fromGemini,
    body: (_, text, think) => ({ contents: [{ role: "user", parts: [{ text }] }], ...(think && { generationConfig: { thinkingConfig: { includeThoughts: true } } }) }) },
  cohere: { title: "Cohere Chat", path: () => "/v2/chat", sse: true, read: fromCohere,
    body: (model, text, think) => ({ model, messages: turn(text), stream: true, thinking: { type: think ? "enabled" : "disabled" } }) },
};
