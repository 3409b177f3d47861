// The baseline: the least Worker that creates one object, writes one key and sets one alarm for each request. It checks nothing and
// solves nothing. ALARM_MS: when the alarm fires. ALARMS: how often it fires again; with PURGE, each time it writes, and at the
// end it deletes everything, as a task does.

import { DurableObject } from "cloudflare:workers";

export class BaselineObject extends DurableObject {
  async accept(body) {
    this.ctx.storage.kv.put("task", { body, alarms: 0 });
    this.#setAlarm();
    return this.ctx.id.toString();
  }

  async alarm() {
    const purge = this.env.PURGE === "true";
    if (!purge) {
      if (this.env.ALARMS !== "0") this.#setAlarm();
      return;
    }
    const { body, alarms } = this.ctx.storage.kv.get("task");
    if (alarms >= Number(this.env.ALARMS)) {
      await this.ctx.storage.deleteAll();
      return;
    }
    this.ctx.storage.kv.put("task", { body, alarms: alarms + 1 });
    this.#setAlarm();
  }

  #setAlarm() {
    void this.ctx.storage.setAlarm(Date.now() + Number(this.env.ALARM_MS));
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
