// The official `@anthropic-ai/sdk` client against the daemon named on the command line; prints what it saw as one JSON object.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ baseURL: process.argv[2], apiKey: 'dummy', maxRetries: 0 });
const asked = (content, model = 'scripted') => ({ model, max_tokens: 500, messages: [{ role: 'user', content }] });
const tools = [{ name: 'get_weather', input_schema: {
  type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }];
const textOf = (message) => message.content.filter((each) => each.type === 'text').map((each) => each.text).join('');

async function refusal(act) {
  try {
    await act();
    return null;
  } catch (error) {
    return { status: error.status ?? null, type: error.error?.error?.type ?? null, id: error.requestID ?? null, message: error.message };
  }
}

const seen = {};
const whole = await client.messages.create(asked('Hello there'));
seen.whole = { text: textOf(whole), reason: whole.stop_reason };

const pieces = [];
const stream = client.messages.stream(asked('Hello there'));
stream.on('text', (piece) => pieces.push(piece));
const final = await stream.finalMessage();
seen.streamed = { text: pieces.join(''), same: final.usage.output_tokens === whole.usage.output_tokens };

seen.signs = textOf(await client.messages.stream(asked('unicode')).finalMessage());

const called = await client.messages.stream({ ...asked('both', 'templated'), tools }).finalMessage();
seen.calls = called.content.filter((each) => each.type === 'tool_use').map((each) => each.input);
const results = called.content.map((each) => ({ type: 'tool_result', tool_use_id: each.id, content: '21' }));
const turns = [
  ...asked('both').messages,
  { role: 'assistant', content: called.content },
  { role: 'user', content: results },
];
seen.answered = textOf(await client.messages.create({ ...asked('both', 'templated'), tools, messages: turns }));

const thought = await client.messages.stream({ ...asked('why', 'thinker'), thinking: { type: 'adaptive' } }).finalMessage();
seen.blocks = thought.content.map((each) => each.type);

seen.counted = (await client.messages.countTokens({ model: 'scripted', messages: asked('Hello').messages })).input_tokens;

seen.models = [];
for await (const model of client.models.list()) seen.models.push(model.id);
seen.unknown = await refusal(() => client.messages.create(asked('Hello', 'nonesuch')));

seen.broken = await refusal(async () => {
  for await (const event of await client.messages.create({ ...asked('Hello', 'breaks'), stream: true })) {
    if (event.type === 'content_block_delta') seen.before = (seen.before ?? '') + event.delta.text;
  }
});
console.log(JSON.stringify(seen));
