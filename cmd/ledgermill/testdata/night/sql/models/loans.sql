-- about: loans as they count
-- grain: loan_no
-- preserves: raw_loans
-- load: loans_fact
-- test: fee >= 0
select loan_no, lent_on, lent_at, desk, book_no, fee from raw_loans
