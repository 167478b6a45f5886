// The secrets of an endpoint whose callers sign: given and taken away at once, apart from what is saved
// with the script; no text of one is ever shown again.
import { api, explain, explainField, Problem } from "./api";
import { ask } from "./dialog";
import { text } from "./texts";
import { toast } from "./toast";

interface Secret {
  id: string;
  created_at: string;
  secret?: string;
}

/** The part of the script page that shows and changes the secrets of one script. */
export function signingSecrets(script: string | null) {
  const path = `/scripts/${script}/signing-secrets`;
  return {
    items: [] as { id: string; at: string }[],
    typed: "",
    /** One that was made up a moment ago. */
    madeUp: "",
    error: "",

    async load() {
      if (!script) return;
      const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
      try {
        const { items } = await api<{ items: Secret[] }>("GET", path);
        this.items = items.map(({ id, created_at }) => ({ id, at: format.format(new Date(created_at)) }));
      } catch (error) {
        this.error = explain(error);
      }
    },

    /** Gives it the secret that was typed, or lets the server make one up. */
    async add() {
      this.error = "";
      this.madeUp = "";
      try {
        const body = this.typed ? { secret: this.typed } : {};
        const made = await api<Secret>("POST", path, body);
        this.madeUp = made.secret ?? "";
        this.typed = "";
        await this.load();
      } catch (error) {
        const field = error instanceof Problem ? error.errors[0] : undefined;
        this.error = field ? explainField(field) : explain(error);
      }
    },

    async remove(id: string) {
      const question = { title: text("js-secret-remove"), body: text("js-secret-remove-body"), confirm: text("js-secret-remove-yes"), danger: true };
      if (!(await ask(question))) return;
      try {
        await api("DELETE", `${path}/${id}`);
        await this.load();
      } catch (error) {
        toast(explain(error), "bad");
      }
    },
  };
}

/** What a shell does before it sends a signed request, and the headers that are signed with $SECRET. */
export function signing(scheme: string, body: string): { first: string; headers: string[] } {
  const code = (key: string, signed: string, form: string) =>
    `$(printf '%s' "${signed}" | openssl dgst -sha256 -mac HMAC -macopt ${key} ${form})`;
  const hex = "-hex | sed 's/.*= //'";
  const plain = '"key:$SECRET"';
  if (scheme === "github") return { first: "", headers: [`X-Hub-Signature-256: sha256=${code(plain, body, hex)}`] };
  const first = "NOW=$(date +%s)\n";
  if (scheme === "stripe") {
    return { first, headers: [`Stripe-Signature: t=$NOW,v1=${code(plain, `$NOW.${body}`, hex)}`] };
  }
  const key = `"hexkey:$(printf '%s' "\${SECRET#whsec_}" | base64 -d | od -An -tx1 | tr -d ' \\n')"`;
  const headers = ["Webhook-Id: msg_$NOW", "Webhook-Timestamp: $NOW"];
  return { first, headers: [...headers, `Webhook-Signature: v1,${code(key, `msg_$NOW.$NOW.${body}`, "-binary | base64")}`] };
}
