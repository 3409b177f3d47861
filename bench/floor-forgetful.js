// The floor that forgets: each request makes one object, one put and one setAlarm, and the alarm deletes everything. What workerd
// itself keeps of objects that are no more is seen here, with nothing of the gateway in it.

import { DurableObject } from "cloudflare:workers";

export class FloorObject extends DurableObject {
  async accept(body) {
    this.ctx.storage.kv.put("task", body);
    void this.ctx.storage.setAlarm(Date.now() + Number(this.env.FORGET_AFTER_MS));
    return this.ctx.id.toString();
  }

  async alarm() {
    await this.ctx.storage.deleteAll();
  }
}

export default {
  async fetch(request, env) {
    const body = await request.text();
    if (request.method === "GET") return new Response("ok");
    const id = await env.OBJECTS.get(env.OBJECTS.newUniqueId()).accept(body);
    return Response.json({ id }, { status: 202 });
  },
};
