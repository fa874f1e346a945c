// The official client for TypeScript. Arguments: plain, stream or tools, then the questions; prints what came of them.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ maxRetries: 0 }); // ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY are all there is to set
const [mode, ...questions] = process.argv.slice(2);
const weather: Anthropic.Tool = {
  name: "weather",
  description: "The weather in a city.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const came = { answers: [] as string[], pieces: 0, called: [] as unknown[] };
const messages: Anthropic.MessageParam[] = [];

async function answer(): Promise<Anthropic.Message> {
  const asked = { model: "default", max_tokens: 200, messages, ...(mode === "tools" ? { tools: [weather] } : {}) };
  if (mode !== "stream") return client.messages.create(asked);
  const stream = client.messages.stream(asked).on("text", () => (came.pieces += 1));
  return stream.finalMessage();
}

for (const question of questions) {
  messages.push({ role: "user", content: question });
  for (;;) {
    const said = await answer();
    messages.push({ role: "assistant", content: said.content });
    const calls = said.content.filter((block) => block.type === "tool_use");
    if (calls.length === 0) {
      came.answers.push(said.content.map((block) => (block.type === "text" ? block.text : "")).join(""));
      break;
    }
    came.called.push(...calls.map((call) => call.input));
    const results = calls.map((call) => ({ type: "tool_result" as const, tool_use_id: call.id, content: "sunny, 21 degrees" }));
    messages.push({ role: "user", content: results });
  }
}
console.log(JSON.stringify(came));
