create role anwendung login;
create table mandanten (mandant_nr integer primary key, firmenname text);
create table kunden (kunde_nr integer primary key, mandant_nr integer not null references mandanten, nachname text);
create table rechnungen (rechnung_nr integer primary key, mandant_nr integer not null references mandanten, kunde_nr integer references kunden);
create table rechnungspositionen (id integer primary key, rechnung_nr integer not null references rechnungen);
create table laender (kuerzel text primary key, name text);
grant select, insert, update, delete on mandanten, kunden, rechnungen, rechnungspositionen to anwendung;
grant select on laender to anwendung;
