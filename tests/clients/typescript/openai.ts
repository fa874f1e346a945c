// OpenAI's client for TypeScript. Arguments: plain, stream or tools, then the questions; prints what came of them.
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 }); // OPENAI_BASE_URL and OPENAI_API_KEY are all there is to set
const [mode, ...questions] = process.argv.slice(2);
const weather: OpenAI.ChatCompletionTool = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather in a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const came = { answers: [] as (string | null)[], pieces: 0, called: [] as unknown[] };
const messages: OpenAI.ChatCompletionMessageParam[] = [];

async function answer(): Promise<OpenAI.ChatCompletionMessage> {
  const asked = { model: "default", messages, ...(mode === "tools" ? { tools: [weather] } : {}) };
  if (mode !== "stream") return (await client.chat.completions.create(asked)).choices[0].message;
  const stream = client.chat.completions.stream(asked).on("content", () => (came.pieces += 1));
  return stream.finalMessage();
}

for (const question of questions) {
  messages.push({ role: "user", content: question });
  for (;;) {
    const said = await answer();
    messages.push(said);
    const calls = (said.tool_calls ?? []).filter((call) => call.type === "function");
    if (calls.length === 0) {
      came.answers.push(said.content);
      break;
    }
    came.called.push(...calls.map((call) => JSON.parse(call.function.arguments)));
    for (const call of calls) messages.push({ role: "tool", tool_call_id: call.id, content: "sunny, 21 degrees" });
  }
}
console.log(JSON.stringify(came));
