// What an area's module imports: all that it may rely on, and nothing else of the page.

export { Act, act, message } from "./act.js";
export { call } from "./api.js";
export { History } from "./history.js";
export { href, place, setParams, usePlace } from "./location.js";
export { derived, item, items, model, useModel } from "./model.js";
export { fitting, useFilter } from "./filter.js";
export { addToBoard, sectionsOn } from "./registry.js";
export { age, duration, now } from "./time.js";
export {
  Empty,
  Facts,
  Link,
  ProjectLink,
  Rows,
  SessionLink,
  State,
  Text,
  Time,
  html,
  useEffect,
  useMemo,
  useState,
  visible,
} from "./ui.js";
export { Page, useObject } from "./page.js";
export { coordLine, server } from "./commands.js";
