-- about: the catalogue
-- objects: books/*.csv
create or replace table raw_books (
  book_no varchar not null,
  title   varchar not null,
  shelf   varchar default 'STACKS',
  primary key (book_no)
);
