-- about: where books are lent
-- objects: desks/*.ndjson
create or replace table raw_desks (
  desk  varchar not null,
  floor integer not null,
  primary key (desk)
);
