// The floor that forgets: each request makes one object, which writes as often and rings as often as a task's does, and then deletes
// everything. What workerd itself keeps of objects that are no more is seen here, with nothing of the gateway in it: it keeps more
// of an object that wrote more.

import { DurableObject } from "cloudflare:workers";

/** Alarms of a task's life, and with each of them one write, before the last, which forgets. */
const ALARMS = 6;

export class FloorObject extends DurableObject {
  async accept(body) {
    const { forgetAfterMs = Number(this.env.FORGET_AFTER_MS) } = JSON.parse(body);
    const everyMs = forgetAfterMs / (ALARMS + 1);
    this.ctx.storage.kv.put("task", { body, alarms: 0, everyMs });
    this.#arm(everyMs);
    return this.ctx.id.toString();
  }

  async alarm() {
    const { body, alarms, everyMs } = this.ctx.storage.kv.get("task");
    if (alarms >= ALARMS) {
      await this.ctx.storage.deleteAll();
      return;
    }
    this.ctx.storage.kv.put("task", { body, alarms: alarms + 1, everyMs });
    this.#arm(everyMs);
  }

  #arm(everyMs) {
    void this.ctx.storage.setAlarm(Date.now() + everyMs);
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
