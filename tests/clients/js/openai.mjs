// The official `openai` client against the daemon named on the command line; prints what it saw as one JSON object.
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: 'sk-dummy', maxRetries: 0 });
const hello = [{ role: 'user', content: 'Hello there' }];
const both = [{ role: 'user', content: 'both' }];
const tools = [{ type: 'function', function: { name: 'get_weather', parameters: {
  type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }];

async function refusal(act) {
  try {
    await act();
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status ?? null, code: error.code ?? null, message: error.message };
  }
}

const seen = {};
const whole = await client.chat.completions.create({ model: 'scripted', messages: hello });
seen.whole = { text: whole.choices[0].message.content, reason: whole.choices[0].finish_reason };

const chunks = [];
const stream = { model: 'scripted', messages: hello, stream: true, stream_options: { include_usage: true } };
for await (const chunk of await client.chat.completions.create(stream)) chunks.push(chunk);
seen.streamed = {
  text: chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''),
  tokens: chunks.at(-1).usage.total_tokens,
  same: chunks.at(-1).usage.total_tokens === whole.usage.total_tokens,
};

const called = await client.chat.completions.stream({ model: 'templated', messages: both, tools }).finalChatCompletion();
seen.calls = called.choices[0].message.tool_calls.map((call) => call.function.arguments);

const vectors = await client.embeddings.create({ model: 'embedder', input: ['a', 'b'] });
seen.vectors = vectors.data.map((each) => each.embedding.length);

const filled = await client.completions.create({ model: 'templated', prompt: 'def add(a, b):', suffix: '\n' });
seen.filled = filled.choices[0].text;

seen.models = [];
for await (const model of client.models.list()) seen.models.push(model.id);
seen.unknown = await refusal(() => client.chat.completions.create({ model: 'nonesuch', messages: hello }));

seen.broken = await refusal(async () => {
  for await (const chunk of await client.chat.completions.create({ model: 'breaks', messages: hello, stream: true })) {
    seen.before = (seen.before ?? '') + (chunk.choices[0]?.delta.content ?? '');
  }
});
console.log(JSON.stringify(seen));
