package datagen

// Transaction types, in the order of typeNames.
const (
	payment uint8 = iota
	transfer
	withdrawal
	deposit
	mobilePayment
	directDebit
	check
	onlinePurchase
)

// Channels, in the order of channelNames.
const (
	online uint8 = iota
	pos
	atm
	mobile
	branch
)

// Statuses, in the order of statusNames.
const (
	completed uint8 = iota
	pending
	failed
	cancelled
)

// Currencies, in the order of currencyNames.
const (
	eur uint8 = iota
	usd
	gbp
	currencies
)

// blank is the outcome that leaves a field empty.
const blank uint8 = 0xff

// names are the texts of the values above.
type names struct {
	types, channels, statuses, currencies, cards, accounts []string
}

func catalogue() names {
	return names{
		types: []string{"PAYMENT", "TRANSFER", "WITHDRAWAL", "DEPOSIT", "MOBILE_PAYMENT", "DIRECT_DEBIT", "CHECK",
			"ONLINE_PURCHASE"},
		channels:   []string{"ONLINE", "POS", "ATM", "MOBILE", "BRANCH"},
		statuses:   []string{"COMPLETED", "PENDING", "FAILED", "CANCELLED"},
		currencies: []string{"EUR", "USD", "GBP"},
		cards:      []string{"VISA", "MASTERCARD", "AMEX", "MAESTRO"},
		accounts:   []string{"STANDARD", "PREMIUM", "BUSINESS"},
	}
}

// country is where customers live and merchants trade.
type country struct {
	code, dial string
	currency   uint8
	weight     int // share of the customers, per mille
	cities     []string
}

func countries() []country {
	return []country{
		{"DE", "+49", eur, 240, []string{"Berlin", "Hamburg", "München", "Köln", "Leipzig"}},
		{"FR", "+33", eur, 200, []string{"Paris", "Lyon", "Marseille", "Lille", "Nantes"}},
		{"ES", "+34", eur, 130, []string{"Madrid", "Barcelona", "Sevilla", "A Coruña", "Bilbao"}},
		{"IT", "+39", eur, 130, []string{"Roma", "Milano", "Torino", "Bologna", "Napoli"}},
		{"NL", "+31", eur, 80, []string{"Amsterdam", "Rotterdam", "Utrecht", "Den Haag"}},
		{"BE", "+32", eur, 50, []string{"Bruxelles", "Antwerpen", "Gent", "Liège"}},
		{"AT", "+43", eur, 35, []string{"Wien", "Graz", "Linz", "Salzburg"}},
		{"PT", "+351", eur, 30, []string{"Lisboa", "Porto", "Braga"}},
		{"IE", "+353", eur, 20, []string{"Dublin", "Cork", "Galway"}},
		{"FI", "+358", eur, 15, []string{"Helsinki", "Tampere", "Turku"}},
		{"GB", "+44", gbp, 40, []string{"London", "Leeds", "Bristol", "Glasgow"}},
		{"US", "+1", usd, 30, []string{"New York", "Boston", "Chicago", "San José"}},
	}
}

// category is a trade with the merchant category codes (ISO 18245) that belong
// to it.
type category struct {
	name   string
	mcc    []string
	nouns  []string
	weight int // share of the merchants
	scale  int // of the amounts, percent
	// The ways to pay there: at a till, on the web, by direct debit.
	till, web, debit bool
}

func categories() []category {
	return []category{
		{"GROCERY", []string{"5411", "5422", "5451", "5499"}, []string{"Market", "Foods", "Grocers"}, 16, 120, true, true, false},
		{"RESTAURANT", []string{"5812", "5813"}, []string{"Bistro", "Kitchen", "Café", "Brasserie"}, 15, 110, true, false, false},
		{"FAST_FOOD", []string{"5814"}, []string{"Burgers", "Snacks", "Pizza"}, 9, 45, true, true, false},
		{"FUEL", []string{"5541", "5542"}, []string{"Fuels", "Service Station"}, 6, 190, true, false, false},
		{"PHARMACY", []string{"5912", "5122"}, []string{"Pharmacy", "Apotheke"}, 5, 70, true, true, false},
		{"CLOTHING", []string{"5651", "5661", "5691"}, []string{"Fashion", "Shoes", "Tailors"}, 9, 180, true, true, false},
		{"ELECTRONICS", []string{"5732", "5734", "5045"}, []string{"Electronics", "Computers"}, 5, 480, true, true, false},
		{"HOME", []string{"5200", "5251", "5712"}, []string{"Hardware", "Furniture", "Home"}, 6, 260, true, true, false},
		{"BOOKS", []string{"5942", "5192"}, []string{"Books", "Librería"}, 3, 60, true, true, false},
		{"TRANSPORT", []string{"4111", "4112", "4121"}, []string{"Rail", "Taxi", "Transit"}, 5, 55, true, true, false},
		{"AIRLINE", []string{"4511", "3000", "3005", "3008"}, []string{"Airways", "Air"}, 1, 900, false, true, false},
		{"HOTEL", []string{"7011", "3501", "3504"}, []string{"Hotel", "Inn"}, 3, 520, true, true, false},
		{"ENTERTAINMENT", []string{"7832", "7922", "7991"}, []string{"Cinema", "Theatre"}, 4, 80, true, true, false},
		{"HEALTH", []string{"8011", "8021", "8062"}, []string{"Clinic", "Dental"}, 4, 300, true, false, true},
		{"UTILITIES", []string{"4900"}, []string{"Energy", "Water"}, 2, 210, false, true, true},
		{"TELECOM", []string{"4814", "4899"}, []string{"Telecom", "Cable"}, 2, 80, false, true, true},
		{"INSURANCE", []string{"6300", "5960"}, []string{"Insurance", "Assurance"}, 2, 240, false, false, true},
		{"EDUCATION", []string{"8220", "8299"}, []string{"Academy", "School"}, 2, 400, false, true, true},
		{"PETS", []string{"0742", "5995"}, []string{"Pets", "Vets"}, 1, 150, true, true, false},
		{"GAMBLING", []string{"7995"}, []string{"Bets", "Casino"}, 1, 130, false, true, false},
	}
}
