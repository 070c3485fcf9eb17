// The vocabulary of the generated companies, people, places and invoice lines.

export const companyNames: readonly string[] = [
  "Nordwind", "Ashford", "Delacroix", "Vestergaard", "Kessler", "Brightwater", "Montrose", "Hallberg", "Ferrante", "Oakridge",
  "Lindqvist", "Castellan", "Thornbury", "Wexler", "Rademaker", "Solberg", "Pemberton", "Vasseur", "Tidewell", "Grünwald",
  "Mackenzie", "Bellweather", "Johansen", "Quayside", "Steinbach", "Fairchild", "Andersson", "Rousseau", "Kingsley", "Van Houten",
];
export const trades: readonly string[] = ["Lifts", "Heating", "Fire Safety", "Refrigeration", "Electrics", "Plumbing", "Doors & Gates", "Solar", "Facades", "Cranes"];
export const legalForms: readonly string[] = ["GmbH", "Ltd", "BV", "SAS", "AB", "Oy", "ApS", "SpA"];
export const customerKinds: readonly string[] = ["Hotel", "Clinic", "School", "Bakery", "Warehouse", "Office Park", "Theatre", "Shopping Centre", "Car Park", "Apartments", "Brewery", "Town Hall"];
export const firstNames: readonly string[] = [
  "Anna", "Bruno", "Clara", "David", "Elif", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Katya", "Leo", "Maren", "Nils", "Olga", "Pavel", "Rosa", "Sven", "Tara", "Viktor",
];
export const lastNames: readonly string[] = [
  "Albrecht", "Bakker", "Costa", "Dahl", "Eriksson", "Fontaine", "Gruber", "Hansen", "Ivanova", "Jensen", "Keller", "Larsen", "Moreau", "Novak", "Olsen", "Petit", "Rossi", "Schmidt", "Torres", "Weber",
];
export const streets: readonly string[] = ["Dock Road", "Mill Lane", "Bahnhofstrasse", "Rue du Port", "Kirkegata", "Station Street", "Via Roma", "Havnegade", "Market Square", "Lindenallee"];
export const cities: readonly (readonly [string, string])[] = [
  ["20457", "Hamburg"], ["1012", "Amsterdam"], ["M1 2AB", "Manchester"], ["69002", "Lyon"], ["41101", "Göteborg"], ["5003", "Bergen"], ["00150", "Helsinki"], ["8000", "Aarhus"], ["20121", "Milano"], ["EH6 6QQ", "Edinburgh"],
];
/** Description, lowest and highest unit price in cents. */
export const workItems: readonly (readonly [string, number, number])[] = [
  ["Call-out, weekday", 6500, 9500], ["Call-out, weekend", 12000, 18000], ["Labour, per hour", 5400, 8900], ["Travel, per km", 45, 90], ["Annual inspection", 18000, 42000],
  ["Replacement bearing", 3200, 14800], ["Control board", 24000, 96000], ["Door motor", 31000, 74000], ["Smoke detector", 1900, 5200], ["Pump seal kit", 2800, 7900],
  ["Refrigerant R32, per kg", 2100, 3600], ["Cable, per metre", 120, 480], ["Safety certificate", 7500, 15000], ["Disposal of old parts", 1500, 6000],
];
export const commentTexts: readonly string[] = [
  "Customer asked for a later slot.", "Parts ordered, arriving Thursday.", "Invoice approved by the site manager.", "Please add the purchase order number.", "Second visit needed, noise is back.",
  "Paid by bank transfer.", "Key is with the caretaker.", "Sent a reminder by e-mail.", "Discount agreed on the phone.", "Photos are attached.",
];
export const siteLabels: readonly string[] = ["Main building", "North wing", "Loading bay", "Basement plant room", "Roof", "Reception", "Car park level 2", "Annex"];
export const accessNotes: readonly string[] = ["Ring at the porter's lodge", "Gate code on request", "Steel-toe boots required", "Only before 9:00", "Dog on the premises", "Escort needed"];
export const eventKinds: readonly string[] = ["invoice.created", "invoice.sent", "invoice.paid", "visit.planned", "visit.done", "customer.updated", "reminder.sent"];
export const auditActions: readonly string[] = ["login", "invoice.update", "invoice.send", "customer.export", "key.create", "role.change"];
export const templateNames: readonly string[] = ["Reminder, friendly", "Reminder, firm", "Cover letter", "Visit confirmation", "Quote", "Thank you"];
