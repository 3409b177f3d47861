// Keeps the credential for as long as a tab of the console is open, and hands it to new tabs.
//
// It is kept in sessionStorage, which ends with its tab. A new tab asks the console's other tabs over a BroadcastChannel, which only
// pages of this origin can read; a tab that is signed in answers. So the credential is in no URL, no cookie and nothing that outlives
// the last tab.

import type { Credential } from "./credential.ts";
import { readStored, writeStored } from "./stored.ts";

const STORAGE_KEY = "solvegate.credential";
const CHANNEL_NAME = "solvegate.console";

/** How long (ms) a new tab waits for another one before it shows the sign-in form. A later answer is still accepted. */
export const HANDOVER_TIMEOUT_MS = 300;

type Message =
  | { readonly type: "request"; readonly id: string }
  /** The answer to the request with this id. */
  | { readonly type: "credential"; readonly id: string; readonly credential: Credential }
  /** The credential was replaced by rotation. */
  | { readonly type: "replaced"; readonly old: string; readonly credential: Credential }
  /** A tab signed out: every tab with this credential does. */
  | { readonly type: "signed-out"; readonly secret: string };

/** What the other tabs report. */
export interface CredentialListener {
  /** Another tab handed over its credential on request; called only while this tab has none. */
  onReceived(credential: Credential): void;
  onReplaced(credential: Credential): void;
  onSignedOut(): void;
}

/** The credential of this tab. */
export class CredentialStore {
  #current: Credential | null = storedCredential();
  readonly #channel = new BroadcastChannel(CHANNEL_NAME);
  /** The request that this tab made and that was not answered yet. */
  #requestId: string | null = null;

  get current(): Credential | null {
    return this.#current;
  }

  /** Keeps a credential for this tab. With `replaces`, tabs that hold the old secret continue with the new one. */
  keep(credential: Credential, replaces: string | null = null): void {
    this.#write(credential);
    if (replaces !== null) this.#post({ type: "replaced", old: replaces, credential });
  }

  /** Drops the credential here; with `everywhere`, in every tab that has the same one. */
  drop(everywhere: boolean): void {
    const secret = this.#current?.secret;
    this.#requestId = null;
    this.#write(null);
    if (everywhere && secret !== undefined) this.#post({ type: "signed-out", secret });
  }

  /** Asks the other tabs for their credential. */
  request(): void {
    this.#requestId = crypto.randomUUID();
    this.#post({ type: "request", id: this.#requestId });
  }

  /** Listens to the other tabs, and answers their requests. Returns the function that stops it. */
  listen(listener: CredentialListener): () => void {
    const onMessage = ({ data }: MessageEvent<Message>) => {
      const own = this.#current;
      switch (data.type) {
        case "request":
          if (own !== null) this.#post({ type: "credential", id: data.id, credential: own });
          break;
        case "credential":
          if (own !== null || data.id !== this.#requestId) break;
          this.#requestId = null;
          listener.onReceived(data.credential);
          break;
        case "replaced":
          if (own?.secret !== data.old) break;
          this.#write(data.credential);
          listener.onReplaced(data.credential);
          break;
        case "signed-out":
          if (own?.secret !== data.secret) break;
          this.#write(null);
          listener.onSignedOut();
          break;
      }
    };
    this.#channel.addEventListener("message", onMessage);
    return () => this.#channel.removeEventListener("message", onMessage);
  }

  #post(message: Message): void {
    this.#channel.postMessage(message);
  }

  #write(credential: Credential | null): void {
    this.#current = credential;
    writeStored(STORAGE_KEY, credential);
  }
}

function storedCredential(): Credential | null {
  const { role, secret } = readStored(STORAGE_KEY);
  return (role === "tenant" || role === "operator") && typeof secret === "string" ? { role, secret } : null;
}
