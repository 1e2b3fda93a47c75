use super::check;

#[test]
fn numbers_agree_with_what_they_count() {
    check(
        "es",
        &[
            ("Claro, ¿qué día prefiere?", "Claro, ¿qué día prefiere?"),
            ("1 noche", "una noche"),
            ("21 días", "veintiún días"),
            ("21 personas", "veintiuna personas"),
            ("200 habitaciones", "doscientas habitaciones"),
            ("somos 2", "somos dos"),
            ("solo 1.", "solo uno."),
            ("1.299 plazas", "mil doscientas noventa y nueve plazas"),
            ("3,5 puntos", "tres coma cinco puntos"),
            ("son 3,14", "son tres coma catorce"),
            ("-5 grados", "menos cinco grados"),
            ("1.000.000 de casos", "un millón de casos"),
            ("101 euros", "ciento un euros"),
            ("en 2026", "en dos mil veintiséis"),
            ("de 10 a 12", "de diez a doce"),
            ("10-12 minutos", "diez a doce minutos"),
            ("el 1.º y la 2.ª", "el primero y la segunda"),
            ("el 3er piso", "el tercer piso"),
            ("n.º 5", "número cinco"),
            ("nº 12", "número doce"),
        ],
    );
}

#[test]
fn money_is_said_with_its_cents() {
    check(
        "es",
        &[
            (
                "Cuesta 12,50 €.",
                "Cuesta doce euros con cincuenta céntimos.",
            ),
            (
                "1.299,50 €",
                "mil doscientos noventa y nueve euros con cincuenta céntimos",
            ),
            ("1 €", "un euro"),
            ("21 €", "veintiún euros"),
            ("0,99 €", "noventa y nueve céntimos"),
            ("£200", "doscientas libras"),
            (
                "$1,299.50",
                "mil doscientos noventa y nueve dólares con cincuenta centavos",
            ),
            ("2 millones €", "dos millones de euros"),
            ("50 €/mes", "cincuenta euros por mes"),
            ("12,50 euros", "doce euros con cincuenta céntimos"),
        ],
    );
    check(
        "es-MX",
        &[
            ("$1,299", "mil doscientos noventa y nueve pesos"),
            ("$12.50", "doce pesos con cincuenta centavos"),
            ("3.5 km", "tres punto cinco kilómetros"),
        ],
    );
}

#[test]
fn dates_and_times_are_said() {
    check(
        "es",
        &[
            ("el 3 de mayo", "el tres de mayo"),
            (
                "el 1 de mayo de 2026",
                "el primero de mayo de dos mil veintiséis",
            ),
            ("el 3/5/2026", "el tres de mayo de dos mil veintiséis"),
            ("el 3.5.2026", "el tres de mayo de dos mil veintiséis"),
            (
                "el 2026-12-25",
                "el veinticinco de diciembre de dos mil veintiséis",
            ),
            ("a las 14:30", "a las catorce treinta"),
            ("a las 9:00.", "a las nueve."),
            ("a la 1:05", "a la una cero cinco"),
            ("a las 21:00 h", "a las veintiuna horas"),
            ("a las 2:30 p. m.", "a las dos treinta de la tarde."),
            ("a las 9 a.m. mañana", "a las nueve de la mañana mañana"),
            ("a las 10 pm", "a las diez de la noche"),
            ("el 30/11", "el treinta de noviembre"),
            ("de 9:00 a 14:00 h", "de nueve a catorce horas"),
        ],
    );
}

#[test]
fn telephone_numbers_codes_and_addresses_are_spelled() {
    check(
        "es",
        &[
            (
                "Llame al 612 34 56 78.",
                "Llame al seis uno dos, tres cuatro, cinco seis, siete ocho.",
            ),
            (
                "+34 612 345 678",
                "más tres cuatro, seis uno dos, tres cuatro cinco, seis siete ocho",
            ),
            ("código 4711", "código cuatro siete uno uno"),
            (
                "la tarjeta terminada en 1234",
                "la tarjeta terminada en uno dos tres cuatro",
            ),
            ("A1B2", "A uno B dos"),
            ("ana@ejemplo.es", "ana arroba ejemplo punto es"),
            ("www.ejemplo.com", "ejemplo punto com"),
        ],
    );
}

#[test]
fn short_forms_and_units_are_said_in_full() {
    check(
        "es",
        &[
            (
                "El Sr. López y la Sra. Ruiz",
                "El señor López y la señora Ruiz",
            ),
            ("la Dra. Gil", "la doctora Gil"),
            ("D. Juan y Dña. Ana", "don Juan y doña Ana"),
            ("C/ Mayor, 5", "calle Mayor, cinco"),
            ("Avda. América", "avenida América"),
            ("fruta, p. ej. peras", "fruta, por ejemplo peras"),
            ("en EE. UU. hoy", "en Estados Unidos hoy"),
            ("¿Viene Ud. hoy?", "¿Viene usted hoy?"),
            ("peras, etc.", "peras, etcétera."),
            ("un 15 % menos", "un quince por ciento menos"),
            ("a 5 km", "a cinco kilómetros"),
            ("1 h", "una hora"),
            ("70 m²", "setenta metros cuadrados"),
            ("pan & vino", "pan y vino"),
            ("pulse * o #", "pulse asterisco o almohadilla"),
            ("**Hola** 😀", "Hola"),
            ("- Pan\n- Vino", "Pan. Vino."),
            ("hace 21 ºC", "hace veintiún grados"),
        ],
    );
}
