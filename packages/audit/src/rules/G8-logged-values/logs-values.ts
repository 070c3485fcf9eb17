/** Which settings write statements and values to the log, and at which values. Data and one question; knows nothing of roles. */

const durations = new Set(["log_min_duration_statement", "log_min_duration_sample", "auto_explain.log_min_duration"]);

/** Whether the setting at this value logs what tenants send. */
export function logsValues(name: string, value: string): boolean {
  const plain = value.trim().toLowerCase();
  if (name === "log_statement") return plain === "all" || plain === "mod";
  if (durations.has(name)) return !plain.startsWith("-") && plain !== "";
  if (name === "log_transaction_sample_rate") return Number(plain) > 0;
  if (name === "log_parameter_max_length_on_error") return plain !== "0";
  return /^debug_print_(parse|rewritten|plan)$/.test(name) && plain === "on";
}
