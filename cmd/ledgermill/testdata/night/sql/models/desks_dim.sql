-- grain: desk
-- publish: whole
-- load: desks_dim
select desk, floor from raw_desks
