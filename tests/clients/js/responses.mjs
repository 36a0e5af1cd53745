// The official `openai` client's Responses API against the daemon named on the command line; prints what it saw as one JSON object.
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: 'sk-dummy', maxRetries: 0 });
const tools = [{ type: 'function', name: 'get_weather', strict: false, parameters: {
  type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }];

async function refusal(act) {
  try {
    await act();
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status ?? null, code: error.code ?? null, message: error.message };
  }
}

const seen = {};
const whole = await client.responses.create({ model: 'scripted', input: 'Hello there' });
seen.whole = { text: whole.output_text, status: whole.status };

const numbers = [];
const stream = client.responses.stream({ model: 'scripted', input: 'Hello there' });
for await (const event of stream) numbers.push(event.sequence_number);
const final = await stream.finalResponse();
seen.streamed = {
  text: final.output_text,
  ordered: numbers.every((number, index) => number === numbers[0] + index),
  same: final.usage.total_tokens === whole.usage.total_tokens,
};
seen.signs = (await client.responses.stream({ model: 'scripted', input: 'unicode' }).finalResponse()).output_text;

const asked = { model: 'templated', tools, input: [{ role: 'user', content: 'both' }] };
const called = await client.responses.stream(asked).finalResponse();
const calls = called.output.filter((item) => item.type === 'function_call');
seen.calls = calls.map((call) => call.arguments);
const results = calls.map((call) => ({ type: 'function_call_output', call_id: call.call_id, output: '21' }));
seen.answered = (await client.responses.create({ ...asked, input: [...asked.input, ...called.output, ...results] })).output_text;

const thought = await client.responses.create({ model: 'thinker', input: 'why', reasoning: { effort: 'high', summary: 'auto' } });
seen.items = thought.output.map((item) => item.type);

const cut = await client.responses.create({ model: 'scripted', input: 'Hello there', max_output_tokens: 16 });
seen.cut = cut.status;
seen.counted = (await client.responses.inputTokens.count({ model: 'scripted', input: 'Hello there' })).input_tokens;

seen.unknown = await refusal(() => client.responses.create({ model: 'nonesuch', input: 'Hello' }));
seen.native = await refusal(() => client.responses.create({ model: 'scripted', input: 'x', previous_response_id: 'resp_1' }));
seen.broken = await refusal(async () => {
  for await (const event of await client.responses.create({ model: 'breaks', input: 'Hello', stream: true })) {
    if (event.type === 'response.output_text.delta') seen.before = (seen.before ?? '') + event.delta;
    if (event.type === 'response.failed') throw new OpenAI.APIError(undefined, event.response.error, event.response.error.message);
  }
});
console.log(JSON.stringify(seen));
