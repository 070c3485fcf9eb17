/** How a migration begins that protect has written: what it repairs is known, and its order is no habit of the project. */
export const protectMark = "-- Written by watertight protect.";
