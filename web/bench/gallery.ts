import { mount } from "svelte";
import Gallery from "./Gallery.svelte";
import "../src/styles/base.css";

const theme = new URLSearchParams(location.search).get("theme") ?? "light";
document.documentElement.dataset["theme"] = theme;
const target = document.getElementById("app");
if (target) mount(Gallery, { target, props: { theme } });
