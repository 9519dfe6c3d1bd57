-- grain: book_no
-- publish: whole
-- load: books_dim
select book_no, title, shelf from raw_books
