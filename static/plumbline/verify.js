// Checks a receipt in the browser: the entry's canonical JSON, its way to the root, and the checkpoint's signature.
(() => {
  const place = document.querySelector("[data-verify]");
  if (!place || !globalThis.crypto?.subtle) return;

  const bytes = (base64) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
  const hash = async (...parts) => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
  };
  // RFC 8785 is what JSON.stringify writes, with keys in the order in which JavaScript sorts them.
  const ordered = (value) => {
    if (Array.isArray(value)) return value.map(ordered);
    if (value === null || typeof value !== "object") return value;
    return Object.keys(value).sort().reduce((made, key) => made.set(key, ordered(value[key])), new Map());
  };
  const written = (value) => {
    if (value instanceof Map) return `{${[...value].map(([key, one]) => `${JSON.stringify(key)}:${written(one)}`).join(",")}}`;
    if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
    return JSON.stringify(value);
  };

  const leads = async (receipt, size, root) => {
    let top = await hash([0], new TextEncoder().encode(written(ordered(receipt.entry))));
    let at = receipt.leaf_index;
    let last = size - 1;
    for (const step of receipt.inclusion_proof.map(bytes)) {
      if (last === 0) return false;
      if (at % 2 || at === last) {
        top = await hash([1], step, top);
        while (at && at % 2 === 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
      } else {
        top = await hash([1], top, step);
      }
      [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    }
    return last === 0 && receipt.leaf_index < size && same(top, root);
  };

  // True, false, or null where this browser cannot tell.
  const signed = async (text, lines, keys) => {
    for (const line of lines) {
      const [, name, blob] = /^— (\S+) (\S+)$/.exec(line) ?? [];
      const key = keys.find((one) => one.startsWith(`${name}+`) && one.split("+")[1] === hex(bytes(blob).slice(0, 4)));
      if (!key) continue;
      const raw = bytes(key.split("+").slice(2).join("+")).slice(1);
      let imported;
      try {
        imported = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
      } catch {
        return null;
      }
      return crypto.subtle.verify("Ed25519", imported, bytes(blob).slice(4), new TextEncoder().encode(text));
    }
    return false;
  };
  const hex = (data) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const check = async () => {
    const receipt = await (await fetch(place.dataset.verify)).json();
    const end = receipt.checkpoint.lastIndexOf("\n\n");
    const text = receipt.checkpoint.slice(0, end + 1);
    const [, size, root] = text.split("\n");
    if (!(await leads(receipt, Number(size), bytes(root)))) return "bad";
    const good = await signed(text, receipt.checkpoint.slice(end + 2).trimEnd().split("\n"), place.dataset.keys.split(" "));
    return good === null ? "unsigned" : good ? "good" : "bad";
  };

  const said = document.createElement("span");
  const say = (result) => {
    said.className = result === "bad" ? "tag warn" : "tag good";
    said.textContent = place.dataset[result];
  };
  place.append(" ", said);
  said.textContent = place.dataset.checking;
  check().then(say, () => say("bad"));
})();
