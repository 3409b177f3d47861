import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);

createServer(async (request, response) => {
  const body = Buffer.concat(await Array.fromAsync(request)).toString("utf8");
  try {
    const event = webhook.verify(body, request.headers);
    response.writeHead(204).end();
    console.log(event.type, event.data.id, event.data.status);
  } catch {
    response.writeHead(400).end();
  }
}).listen(Number(process.env.PORT ?? 9911), "127.0.0.1");
