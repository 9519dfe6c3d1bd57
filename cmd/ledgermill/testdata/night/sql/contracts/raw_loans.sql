-- about: what the desks of a library lent, one object a day
-- business date: lent_on
-- key conflict: latest by lent_at
-- control: sum(fee) by desk
-- reject limit: 90 %
-- private: reader
-- alias loan_no: Loan No
-- objects: loans/*.csv{,.gz}
create or replace table raw_loans (
  loan_no varchar       not null,
  lent_on date          not null,
  lent_at timestamp     not null,
  desk    varchar       not null,
  reader  varchar       not null,
  book_no varchar       not null,
  fee     decimal(9, 2) not null default 0,
  constraint fee_fair check (fee between 0 and 50),
  primary key (loan_no)
);
