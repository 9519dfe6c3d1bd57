package check

import (
	"fmt"

	"ledgermill/engine/model"
)

// A quotient of DECIMAL is DOUBLE in DuckDB. A ratio is exact enough with wide digits
// behind the point. Money that is rounded is not: some halves of a cent, from half a
// million on, are a bit less as DOUBLE, and a cent is lost. So what gives no whole
// thousandth stays out of the division: a quotient of cut digits is the same in DOUBLE
// when it is cast to as many, and it is rounded as the whole one.
const (
	wide = 6
	cut  = 3
)

// exactQuotient is a quotient of two names as every engine rounds it.
func exactQuotient(a, b string) string {
	return fmt.Sprintf("`cast(cast((%[1]s - %[1]s %% (0.001 * %[2]s)) / %[2]s as decimal(18, 3)) as decimal(18, 2))`: cut exactly at three digits, then rounded", a, b)
}

// divided finds a quotient of a DECIMAL that floating point may round.
func (p *planned) divided(n, parent node) {
	var money bool
	for _, c := range n.list("children") {
		money = money || c.text("expression_class") == "BOUND_CAST" && returns(c.child("child")).money() && c.child("child").text("expression_class") != "BOUND_CONSTANT"
	}
	var integers = true
	for _, c := range n.list("children") {
		integers = integers && c.text("expression_class") == "BOUND_CAST" && returns(c.child("child")).integer()
	}
	to := returns(parent)
	taken := parent.text("expression_class") == "BOUND_CAST" && to.money()
	switch {
	case money && taken && to.scale >= cut && to.scale < wide && leavesOut(n):
	case money && taken && to.scale >= wide && !p.narrowed[n.off()]:
	case money:
		p.find(n.off(), moneyDivision, "of a cast to decimal(30, 3), write "+exactQuotient("a", "b")+"; a ratio is `cast(a / b as decimal(38, 10))`",
			"a DECIMAL is divided, and the quotient is %s", returns(n))
	case integers && p.st.On == model.Both && parent.text("name") != "floor": // which makes one of both
		p.find(n.off(), integerDivision, "cast one side: cast(a as decimal(18, 4)) / b", "integers are divided")
	}
}

// narrow notes a quotient of money that is cast wide and from there rounded. One of
// counts, such as a share in percent, is small enough for it.
func (p *planned) narrow(to kind, wider node) {
	from, quotient := returns(wider), wider.child("child")
	if !to.money() || !from.money() || to.scale >= from.scale || wider.text("expression_class") != "BOUND_CAST" || quotient.text("name") != "/" {
		return
	}
	quotient.each(func(e node) {
		if class := e.text("expression_class"); (class == "BOUND_REF" || class == "BOUND_COLUMN_REF") && returns(e).money() {
			p.narrowed[quotient.off()] = true
		}
	})
}

// leavesOut reports whether a quotient is (a - a % x) / b in DECIMAL.
func leavesOut(quotient node) bool {
	args := quotient.list("children")
	if len(args) != 2 {
		return false
	}
	dividend := uncast(args[0])
	parts := dividend.list("children")
	if dividend.text("name") != "-" || len(parts) != 2 {
		return false
	}
	rest := uncast(parts[1])
	return (rest.text("name") == "%" || rest.text("name") == "mod") && returns(rest).money()
}

// uncast is an expression without the casts around it.
func uncast(n node) node {
	for n.text("expression_class") == "BOUND_CAST" {
		n = n.child("child")
	}
	return n
}
