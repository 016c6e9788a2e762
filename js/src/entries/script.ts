// The entry for a classic `<script src>`: puts the class on the global object. It finds its module beside the script.

import { PostHogBookingTracker } from "../tracker.js";

Object.assign(globalThis, { PostHogBookingTracker });
