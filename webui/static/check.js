// Check page: printed for the customer.
import {$} from "./portal.js";

$("#print").addEventListener("click", () => print());
