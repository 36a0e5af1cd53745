// The official `ollama` client against the daemon named on the command line; prints what it saw as one JSON object.
import { Ollama } from 'ollama';

const client = new Ollama({ host: process.argv[2] });
const hello = [{ role: 'user', content: 'Hello there' }];
const both = [{ role: 'user', content: 'both' }];
const tools = [{ type: 'function', function: { name: 'get_weather', parameters: {
  type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }];

async function refusal(act) {
  try {
    await act();
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status_code ?? null, message: error.message };
  }
}

const seen = {};
const whole = await client.chat({ model: 'scripted', messages: hello });
seen.whole = { text: whole.message.content, done: whole.done, reason: whole.done_reason };

const pieces = [];
for await (const piece of await client.chat({ model: 'scripted', messages: hello, stream: true })) pieces.push(piece);
seen.streamed = { text: pieces.map((piece) => piece.message.content).join(''), tokens: pieces.at(-1).eval_count };

let signs = '';
const unicode = [{ role: 'user', content: 'unicode' }];
for await (const piece of await client.chat({ model: 'scripted', messages: unicode, stream: true })) {
  signs += piece.message.content;
}
seen.signs = signs;

const called = await client.chat({ model: 'templated', messages: both, tools });
seen.calls = called.message.tool_calls.map((call) => call.function.arguments);

const thought = await client.chat({ model: 'thinker', messages: [{ role: 'user', content: 'why?' }], think: true });
seen.thought = thought.message.thinking;

const vectors = await client.embed({ model: 'embedder', input: ['a', 'b'] });
seen.vectors = vectors.embeddings.map((each) => each.length);

const filled = await client.generate({ model: 'templated', prompt: 'def add(a, b):', suffix: '\n' });
seen.filled = filled.response;

seen.models = (await client.list()).models.map((model) => model.name);
seen.capabilities = (await client.show({ model: 'scripted' })).capabilities;
seen.unknown = await refusal(() => client.chat({ model: 'nonesuch', messages: hello }));

seen.broken = await refusal(async () => {
  for await (const piece of await client.chat({ model: 'breaks', messages: hello, stream: true })) {
    seen.before = (seen.before ?? '') + piece.message.content;
  }
});
console.log(JSON.stringify(seen));
