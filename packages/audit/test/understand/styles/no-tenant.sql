-- Nothing here belongs to anybody.
create table measurements (at timestamptz primary key, value float8);
create table sensors (id int primary key, label text);
