-- about: merchants whose name holds the words, the best match first; "quotes", or and -not as in a web search
-- on: warehouse

select
  merchant_id,
  merchant_name,
  category,
  country,
  mcc_code
from merchants_dim
where to_tsvector('simple', merchant_name) @@ websearch_to_tsquery('simple', /* $text */ 'market')
order by
  ts_rank(to_tsvector('simple', merchant_name), websearch_to_tsquery('simple', /* $text */ 'market')) desc,
  merchant_name collate "C",
  merchant_id collate "C"
limit /* $limit */ 50
