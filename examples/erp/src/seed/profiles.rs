//! The two businesses of the sample data: what they are called, whom they know, what they sell.
//! Phone numbers are from ranges that belong to nobody: 555-0100 to 555-0199, and a prefix without
//! operator.

/// The vocabulary and the size of one tenant's data.
pub(crate) struct Profile {
    /// Slug of the tenant.
    pub(crate) slug: &'static str,
    /// Name of the tenant.
    pub(crate) name: &'static str,
    /// The phone number of the n-th client.
    pub(crate) phone: fn(usize) -> String,
    pub(crate) cities: &'static [&'static str],
    /// Names with the part of the address before the `@`.
    pub(crate) people: &'static [(&'static str, &'static str)],
    pub(crate) companies: &'static [(&'static str, &'static str)],
    /// Category, name, unit, price.
    pub(crate) products: &'static [(&'static str, &'static str, &'static str, i64)],
    /// Credit of a company, in steps of this.
    pub(crate) credit_step: i64,
    pub(crate) orders: usize,
    /// Rules in storage: key and JSON.
    pub(crate) settings: &'static [(&'static str, &'static str)],
}

/// A wholesaler in Tashkent; the tenant that the first start creates.
pub(crate) const DEFAULT: Profile = Profile {
    slug: "default",
    name: "Default",
    phone: |index| format!("+998 00 {}-{:02}-07", 240 + 7 * index, index),
    cities: &[
        "Toshkent",
        "Samarqand",
        "Buxoro",
        "Andijon",
        "Farg‘ona",
        "Xiva",
    ],
    people: &[
        ("Aziza Karimova", "a.karimova"),
        ("Bekzod Rahimov", "b.rahimov"),
        ("Анна Смирнова", "a.smirnova"),
        ("Dilshod Yusupov", "d.yusupov"),
        ("Gulnora Saidova", "g.saidova"),
        ("Иван Петров", "i.petrov"),
        ("Jahongir Toʻxtayev", "j.toxtayev"),
        ("Kamola Ismoilova", "k.ismoilova"),
        ("Лариса Ким", "l.kim"),
        ("Malika Abdullayeva", "m.abdullayeva"),
        ("Nodira Gʻaniyeva", "n.ganiyeva"),
        ("Олег Кузнецов", "o.kuznetsov"),
        ("Otabek Nazarov", "o.nazarov"),
        ("Рустам Ахмедов", "r.ahmedov"),
        ("Sardor Mirzayev", "s.mirzayev"),
        ("Светлана Попова", "s.popova"),
        ("Sevara Qodirova", "s.qodirova"),
        ("Timur Ergashev", "t.ergashev"),
        ("Татьяна Волкова", "t.volkova"),
        ("Ulugʻbek Sobirov", "u.sobirov"),
        ("Umida Hakimova", "u.hakimova"),
        ("Виктор Цой", "v.tsoy"),
        ("Xurshida Olimova", "x.olimova"),
        ("Yulduz Rustamova", "y.rustamova"),
        ("Zafar Boboyev", "z.boboyev"),
        ("Зарина Юлдашева", "z.yuldasheva"),
        ("Shahnoza Tursunova", "sh.tursunova"),
        ("Мария Лебедева", "m.lebedeva"),
        ("Farrux Xolmatov", "f.xolmatov"),
        ("Feruza Aliyeva", "f.aliyeva"),
        ("Ibrohim Qosimov", "i.qosimov"),
        ("Николай Соколов", "n.sokolov"),
        ("Lola Hamidova", "l.hamidova"),
        ("Mansur Joʻrayev", "m.jorayev"),
        ("Ольга Морозова", "o.morozova"),
        ("Ravshan Usmonov", "r.usmonov"),
        ("Saodat Norova", "s.norova"),
        ("Тимур Гарипов", "t.garipov"),
        ("Zilola Sharipova", "z.sharipova"),
        ("Elyor Hasanov", "e.hasanov"),
        ("Екатерина Орлова", "e.orlova"),
        ("Baxtiyor Egamov", "b.egamov"),
    ],
    companies: &[
        ("Registon Savdo MChJ", "savdo.registon"),
        ("ООО «Северный ветер»", "zakaz.veter"),
        ("Chorsu Market", "office.chorsu"),
        ("Buxoro Hunarmand", "info.hunarmand"),
        ("Кафе «Чайхана №1»", "chayhana"),
        ("Samarqand Gilam", "gilam"),
        ("ИП Хван", "khvan"),
        ("Oqtepa Restoranlari", "xarid.oqtepa"),
        ("Fargʻona Shirinlik", "shirinlik"),
        ("Mehmonxona Sharq", "sharq.hotel"),
    ],
    products: &[
        ("tea", "Koʻk choy №95, 100 g", "dona", 18_000),
        ("tea", "Qora choy, 200 g", "dona", 32_000),
        ("tea", "Choy limonli, 25 paket", "dona", 21_000),
        ("tea", "Oq choy, 50 g", "dona", 64_000),
        ("dried_fruit", "Turshak, 1 kg", "kg", 58_000),
        ("dried_fruit", "Qora mayiz, 1 kg", "kg", 46_000),
        ("dried_fruit", "Oq mayiz, 1 kg", "kg", 52_000),
        ("dried_fruit", "Yongʻoq magʻzi, 1 kg", "kg", 110_000),
        ("dried_fruit", "Bodom, 1 kg", "kg", 125_000),
        ("dried_fruit", "Pista, 1 kg", "kg", 168_000),
        ("ceramics", "Rishton lagani, 32 sm", "dona", 240_000),
        ("ceramics", "Rishton lagani, 42 sm", "dona", 380_000),
        ("ceramics", "Choynak, 1 l", "dona", 96_000),
        ("ceramics", "Piyola, 6 dona", "toʻplam", 72_000),
        ("ceramics", "Kosa, 6 dona", "toʻplam", 88_000),
        ("ceramics", "Guldon", "dona", 145_000),
        ("textiles", "Atlas mato, 1 m", "m", 95_000),
        ("textiles", "Adras mato, 1 m", "m", 130_000),
        ("textiles", "Soʻzana, 120 × 80 sm", "dona", 1_250_000),
        ("textiles", "Doʻppi", "dona", 85_000),
        ("textiles", "Ikat yostiq jildi", "dona", 110_000),
        ("textiles", "Paxta sochiq", "dona", 38_000),
        ("copper", "Mis choynak", "dona", 420_000),
        ("copper", "Mis lagan, 30 sm", "dona", 360_000),
        ("copper", "Qumgʻon", "dona", 510_000),
        ("knives", "Chust pichogʻi", "dona", 290_000),
        ("knives", "Pichoq gʻilofi", "dona", 60_000),
        ("knives", "Oshpichoq", "dona", 180_000),
    ],
    credit_step: 5_000_000,
    orders: 110,
    settings: &[
        ("min_order_qty_tea", "10"),
        ("min_order_qty_dried_fruit", "5"),
        ("blocked_delivery_days", "[0]"),
        (
            "promotions",
            r#"{"NAVROZ":{"percent":7,"until":"2099-03-31"}}"#,
        ),
        ("payment_webhook_secret", r#""sample-secret-of-default""#),
    ],
};

/// A trading company; the second tenant.
pub(crate) const ACME: Profile = Profile {
    slug: "acme",
    name: "Acme Trading",
    phone: |index| format!("+1 202 555-01{index:02}"),
    cities: &["Springfield", "Riverton", "Lakeside", "Fairview"],
    people: &[
        ("Alice Carter", "a.carter"),
        ("Benjamin Ortiz", "b.ortiz"),
        ("Chloe Nakamura", "c.nakamura"),
        ("Daniel Osei", "d.osei"),
        ("Elena Rossi", "e.rossi"),
        ("Franz Weber", "f.weber"),
        ("Grace Lindqvist", "g.lindqvist"),
        ("Hugo Martin", "h.martin"),
        ("Ines Duarte", "i.duarte"),
        ("Jack O’Connor", "j.oconnor"),
        ("Katarzyna Nowak", "k.nowak"),
        ("Liam Fraser", "l.fraser"),
        ("Мира Соловьёва", "m.soloveva"),
        ("Nadia Haddad", "n.haddad"),
        ("Oskar Jensen", "o.jensen"),
        ("Priya Raman", "p.raman"),
        ("Quentin Dubois", "q.dubois"),
        ("Rosa Delgado", "r.delgado"),
        ("Samir Bensaid", "s.bensaid"),
        ("Tessa van Dijk", "t.vandijk"),
        ("Umar Farouk", "u.farouk"),
        ("Vera Klein", "v.klein"),
        ("William Hart", "w.hart"),
        ("Yara Santos", "y.santos"),
    ],
    companies: &[
        ("Northwind Builders", "orders.northwind"),
        ("Bluebird Cafés", "supply.bluebird"),
        ("Harbor & Sons", "office.harbor"),
        ("Pine Street Studio", "studio.pine"),
        ("Summit Logistics", "desk.summit"),
        ("Orchard Schools", "orchard"),
    ],
    products: &[
        ("hardware", "Steel bracket, 40 mm", "piece", 3),
        ("hardware", "Hinge, brass", "piece", 7),
        ("hardware", "Cordless drill", "piece", 129),
        ("hardware", "Screw set, 500 pieces", "box", 24),
        ("hardware", "Work light", "piece", 46),
        ("office", "Desk lamp", "piece", 38),
        ("office", "Standing desk", "piece", 449),
        ("office", "Swivel chair", "piece", 219),
        ("office", "Whiteboard, 120 × 90 cm", "piece", 84),
        ("office", "Paper A4, 5 reams", "box", 29),
        ("packaging", "Carton 30 × 20 × 20 cm", "piece", 1),
        ("packaging", "Carton 60 × 40 × 40 cm", "piece", 3),
        ("packaging", "Packing tape, 6 rolls", "pack", 14),
        ("packaging", "Stretch film", "roll", 11),
        ("packaging", "Pallet", "piece", 18),
        ("safety", "Helmet", "piece", 27),
        ("safety", "Gloves, 12 pairs", "pack", 33),
        ("safety", "First-aid kit", "piece", 41),
    ],
    credit_step: 2_000,
    orders: 70,
    settings: &[
        ("min_order_qty_packaging", "50"),
        ("blocked_delivery_days", "[0,6]"),
        (
            "promotions",
            r#"{"WELCOME":{"percent":5,"until":"2099-12-31"}}"#,
        ),
        ("payment_webhook_secret", r#""sample-secret-of-acme""#),
    ],
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn settings_are_json_and_addresses_are_unique() {
        for profile in [&DEFAULT, &ACME] {
            for (key, value) in profile.settings {
                serde_json::from_str::<serde_json::Value>(value).expect(key);
            }
            let all = profile.people.iter().chain(profile.companies);
            let addresses: BTreeSet<_> = all.clone().map(|(_, mail)| mail).collect();
            assert_eq!(addresses.len(), all.count(), "{}", profile.slug);
        }
    }
}
