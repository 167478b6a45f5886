// Keeps what one types and has not saved: sent some time after the last change, sent again after a
// failure, and held back while somebody else's version waits for a decision.
import { api, Problem } from "./api";

const KEEP_AFTER_MS = 2_000;
const RETRY_AFTER_MS = 10_000;
const STALE = "stale_version";

/** A kept draft as the API and the page give it. */
export interface Draft {
  source: string;
  settings: object | null;
  base_version: number;
  updated_at: string;
}

/** The version that somebody else has saved meanwhile. */
export interface Current {
  version: number;
  source: string;
  change_description: string;
}

export type DraftState = "none" | "waiting" | "saving" | "kept" | "failed";

export interface DraftOwner {
  /** What to keep now; nothing when all is saved. */
  unsaved(): { source: string; settings: object; base_version: number } | null;
  show(state: DraftState, at?: string): void;
  stale(current: Current): void;
}

export class DraftKeeper {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sending = false;
  private again = false;
  private held = false;

  constructor(
    private readonly path: string,
    private readonly owner: DraftOwner,
    private exists: boolean,
  ) {
    addEventListener("online", () => this.changed(0));
  }

  /** Something was typed. */
  changed(after = KEEP_AFTER_MS): void {
    clearTimeout(this.timer);
    if (this.held) return;
    if (this.owner.unsaved()) this.owner.show("waiting");
    this.timer = setTimeout(() => void this.keep(), after);
  }

  /** Sends nothing until `release`: somebody has to decide first. */
  hold(): void {
    this.held = true;
    clearTimeout(this.timer);
  }

  release(): void {
    this.held = false;
  }

  /** All is saved; the server has ended the draft itself. */
  saved(): void {
    clearTimeout(this.timer);
    this.exists = false;
    this.held = false;
    this.owner.show("none");
  }

  async discard(): Promise<void> {
    this.saved();
    await api("DELETE", this.path);
  }

  private async keep(): Promise<void> {
    if (this.held) return;
    if (this.sending) {
      this.again = true;
      return;
    }
    const unsaved = this.owner.unsaved();
    if (!unsaved && !this.exists) return this.owner.show("none");
    this.sending = true;
    try {
      if (unsaved) await this.put(unsaved);
      else await this.discard();
    } catch (error) {
      this.failed(error);
    } finally {
      this.sending = false;
    }
    if (this.again) {
      this.again = false;
      this.changed();
    }
  }

  private async put(unsaved: object): Promise<void> {
    this.owner.show("saving");
    const kept = await api<Draft>("PUT", this.path, unsaved);
    this.exists = true;
    // Saved, or decided otherwise, while it was on its way.
    if (this.owner.unsaved()) this.owner.show("kept", kept.updated_at);
    else this.changed(0);
  }

  private failed(error: unknown): void {
    if (error instanceof Problem && error.code === STALE && error.current) {
      this.hold();
      this.owner.show("none");
      this.owner.stale(error.current);
      return;
    }
    this.owner.show("failed");
    this.timer = setTimeout(() => void this.keep(), RETRY_AFTER_MS);
  }
}
