import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const port = Number(process.env.PORT ?? 9911);

const server = createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const event = webhook.verify(Buffer.concat(chunks).toString("utf8"), request.headers);
    response.writeHead(204).end();
    console.log(event.type, event.data?.id, event.data?.status);
  } catch {
    response.writeHead(400).end();
  }
});
server.listen(port, "127.0.0.1", () => console.log(`Listening on http://127.0.0.1:${port}`));
