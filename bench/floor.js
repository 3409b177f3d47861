// The floor: the least Worker that makes one object, one put and one setAlarm for each request. What the gateway does beyond it
// is what the gateway costs. It refuses nothing, checks nothing and never solves anything.

import { DurableObject } from "cloudflare:workers";

/** The alarm rings after this (ms): later than any run of the bench. */
const ALARM_AFTER_MS = 3_600_000;

export class FloorObject extends DurableObject {
  /** Puts the body and arms the alarm: one transaction, as the gateway's. */
  async accept(body) {
    this.ctx.storage.kv.put("task", body);
    void this.ctx.storage.setAlarm(Date.now() + ALARM_AFTER_MS);
    return this.ctx.id.toString();
  }

  async alarm() {}
}

export default {
  async fetch(request, env) {
    const body = await request.text();
    if (request.method === "GET") return new Response("ok");
    const id = await env.OBJECTS.get(env.OBJECTS.newUniqueId()).accept(body);
    return Response.json({ id }, { status: 202 });
  },
};
