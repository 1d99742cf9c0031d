import { mount } from "svelte";
import App from "./App.svelte";
import { keys } from "./state/keys.svelte";
import { lab } from "./state/lab.svelte";
import { live } from "./state/live.svelte";
import { router } from "./state/router.svelte";
import { theme } from "./state/theme.svelte";
import "./styles/base.css";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
theme.start();
router.start();
keys.start();
live.start();
lab.start();
mount(App, { target });
