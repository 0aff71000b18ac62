// Which cell is meant.
import * as format from "./format.js";
import { $, engine } from "./state.js";

export const latitude = () => document.querySelector("input[name=latitude]:checked").value;

/** Tells what the field means, in words beside it. */
export async function describeCell() {
  const text = $("cell").value.trim();
  if (text === "") {
    $("cell-note").textContent = "";
    return;
  }
  try {
    const found = await engine.ask("locate", { text, order: 6, latitude: latitude() }).promise;
    $("cell-note").textContent = `Cell ${found.morton}, order ${found.order}, centre ${format.place(found.lon, found.lat, 2)}`;
  } catch (error) {
    $("cell-note").textContent = error.message;
  }
}
