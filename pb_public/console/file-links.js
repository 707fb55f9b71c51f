// Links to the files of records.

import { h } from "./dom.js";
import { explain, request } from "./request.js";
import { toast } from "./toast.js";

/** Returns the name of a file by its address, or by itself. @param {string} file */
export const fileName = (file) => decodeURIComponent(new URL(file, location.origin).pathname.split("/").at(-1) ?? "");

/** @param {string} file */
export function fileLink(file) {
  const needsToken = new URL(file).searchParams.has("token");
  return h("a", { href: file, target: "_blank", rel: "noopener", dir: "auto", click: (event) => needsToken && void openProtected(event, file) }, fileName(file));
}

/** Opens a file that needs a token with a new one: that of the address ends after minutes. @param {Event} event @param {string} file */
async function openProtected(event, file) {
  event.preventDefault();
  try {
    const { token } = await request("POST", "/api/files/token");
    const fresh = new URL(file);
    fresh.searchParams.set("token", token);
    open(fresh, "_blank", "noopener");
  } catch (error) {
    toast(`Not opened. ${explain(error)}`, { bad: true });
  }
}
